//! Identity: a record is named by what it says, not by when it was seen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a record: the first 128 bits of BLAKE3 over its parts, written as 32 hexadecimal digits.
///
/// Two machines that see the same parts give the same name, so an id joins page, dataset version,
/// split, prediction and audit entry without a central counter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RecordId([u8; 16]);

/// Not a record id: 32 hexadecimal digits were expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a record id: {got:?}, expected 32 hexadecimal digits")]
pub struct BadRecordId {
    /// What was given.
    pub got: String,
}

impl RecordId {
    /// Names a record by its parts. Parts are length-prefixed, so `["ab", "c"]` and `["a", "bc"]` differ.
    ///
    /// ```
    /// use biotope_core::RecordId;
    /// let id = RecordId::of(&[b"https://news.example/1", b"Wheat rises"]);
    /// assert_eq!(id, id.to_string().parse().unwrap());
    /// ```
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self(bytes)
    }

    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({self})")
    }
}

impl FromStr for RecordId {
    type Err = BadRecordId;

    fn from_str(text: &str) -> Result<Self, BadRecordId> {
        let bad = || BadRecordId { got: text.chars().take(64).collect() };
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| bad())?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl TryFrom<String> for RecordId {
    type Error = BadRecordId;

    fn try_from(text: String) -> Result<Self, BadRecordId> {
        text.parse()
    }
}

impl From<RecordId> for String {
    fn from(id: RecordId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_known_parts_never_changes() {
        let id = RecordId::of(&[b"biotope", b"record"]);
        assert_eq!(id.to_string(), "53f49f69cd96348ceef977f7fb9f29e1");
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(RecordId::of(&[b"ab", b"c"]), RecordId::of(&[b"a", b"bc"]));
    }

    #[test]
    fn anything_but_32_hex_digits_is_refused() {
        for bad in ["", "12", "zz000000000000000000000000000000", "+0000000000000000000000000000000"] {
            assert!(bad.parse::<RecordId>().is_err(), "{bad}");
        }
    }
}
