//! Another value of the same shape stands for a find: the same for the same find, another with another key.

use biotope_core::{Config, Invalid};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::Operator;
use crate::personal::keys::{Key, missing};

/// Replaces digits by digits and letters by letters, keyed by HMAC-SHA256 (RFC 2104, FIPS 180-4). Length, case and
/// separators stay. Check digits need not hold. The same digits with other separators give the same digits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pseudonym {}

impl Config for Pseudonym {
    const NAME: &'static str = "pseudonym";
    const SUMMARY: &'static str = "another value of the same shape, consistent within a key (HMAC-SHA256)";
}

impl Pseudonym {
    pub(super) fn with(key: Option<&Key>) -> Result<Keyed, Invalid> {
        let key = key.ok_or_else(|| missing(Self::NAME))?;
        Ok(Keyed { key: key.derive("pseudonym") })
    }
}

/// The operator with its key.
pub(super) struct Keyed {
    key: [u8; 32],
}

impl Operator for Keyed {
    fn apply(&self, kind: &str, found: &str) -> String {
        let plain: String =
            found.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let mut chance =
            Chance { key: &self.key, about: format!("{kind}\0{plain}"), block: 0, bytes: Vec::new() };
        found.chars().map(|c| alike(c, &mut chance)).collect()
    }
}

/// Another character of the same sort.
fn alike(c: char, chance: &mut Chance<'_>) -> char {
    let from = |first: char, count: u32, chance: &mut Chance<'_>| {
        char::from_u32(u32::from(first) + chance.below(count)).expect("the ranges hold characters only")
    };
    match c {
        '0'..='9' => from('0', 10, chance),
        'a'..='z' => from('a', 26, chance),
        'A'..='Z' => from('A', 26, chance),
        '０'..='９' => from('０', 10, chance),
        // The common Han characters; one for one.
        '\u{4e00}'..='\u{9fff}' => from('\u{4e00}', 0x5000, chance),
        c if c.is_uppercase() => from('A', 26, chance),
        c if c.is_alphabetic() => from('a', 26, chance),
        c => c,
    }
}

/// Bytes that only the key and the find decide: HMAC over the find and a counter.
struct Chance<'k> {
    key: &'k [u8; 32],
    about: String,
    block: u32,
    bytes: Vec<u8>,
}

impl Chance<'_> {
    /// A number below a bound; the bias of four bytes is below 2^-17.
    fn below(&mut self, bound: u32) -> u32 {
        if self.bytes.len() < 4 {
            let mut mac = Hmac::<Sha256>::new_from_slice(self.key).expect("HMAC takes keys of any length");
            mac.update(&self.block.to_le_bytes());
            mac.update(self.about.as_bytes());
            self.bytes = mac.finalize().into_bytes().to_vec();
            self.block += 1;
        }
        let four = self.bytes.split_off(self.bytes.len() - 4);
        u32::from_le_bytes([four[0], four[1], four[2], four[3]]) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pseudonym(key: &str, kind: &str, found: &str) -> String {
        Pseudonym::with(Some(&Key::of(key.as_bytes()))).unwrap().apply(kind, found)
    }

    #[test]
    fn shape_stays_and_the_key_decides() {
        let key = "0123456789abcdef";
        let once = pseudonym(key, "CREDIT_CARD", "4111-1111-1111-1111");
        assert_eq!(once, pseudonym(key, "CREDIT_CARD", "4111-1111-1111-1111"));
        assert_eq!(once.replace('-', ""), pseudonym(key, "CREDIT_CARD", "4111111111111111"));
        assert_ne!(once, pseudonym("0123456789abcdeg", "CREDIT_CARD", "4111-1111-1111-1111"));
        let shape =
            |text: &str| text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect::<String>();
        assert_eq!(shape(&once), "9999-9999-9999-9999");
        let mail = pseudonym(key, "EMAIL_ADDRESS", "Ann.B@例子.example");
        assert!(
            mail.chars().count() == 16
                && mail.contains('@')
                && mail.starts_with(|c: char| c.is_ascii_uppercase()),
            "{mail}"
        );
    }

    #[test]
    fn without_a_key_it_cannot_be_made() {
        let error = Pseudonym::with(None).err().unwrap();
        assert_eq!(error.to_string(), "invalid key: must be named for the operator pseudonym, got nothing");
    }
}
