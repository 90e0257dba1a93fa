//! Where keys come from: a file or an environment variable that the configuration names. Never from a recipe, never shown.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use biotope_core::Invalid;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// Fewest bytes of a key: 128 bits, if they are chance.
const LEAST: usize = 16;
/// Most bytes of a key file.
const MOST: usize = 1 << 16;

/// Where the key is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeySource {
    /// Name of an environment variable that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    /// A file that holds it; white space at its end does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

impl KeySource {
    /// Reads the key. None if none is named.
    pub fn read(&self) -> Result<Option<Key>> {
        let (field, bytes) = match (&self.env, &self.file) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(Invalid::new("key", "must name a variable or a file", "both").into());
            }
            (Some(name), None) => {
                let value = std::env::var_os(name).ok_or_else(|| {
                    Invalid::new("key.env", "must name a variable that is set", format!("{name:?}"))
                })?;
                ("key.env", value.into_encoded_bytes())
            }
            (None, Some(path)) => ("key.file", read(path).map_err(Error::io("read", path))?),
        };
        let bytes = bytes.trim_ascii_end();
        if !(LEAST..=MOST).contains(&bytes.len()) {
            let invalid = Invalid::new(
                field,
                format!("must hold {LEAST} to {MOST} bytes"),
                format!("{} bytes", bytes.len()),
            );
            return Err(invalid.with_hint("make one with `openssl rand -hex 32`").into());
        }
        Ok(Some(Key::of(bytes)))
    }
}

/// No more of a file than could be a key.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(2 * MOST as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A key. It shows nothing of itself.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// A key from bytes that are chance.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// By which equal keys are told from others; it tells nothing of the key.
    pub(crate) fn check_value(&self) -> String {
        blake3::hash(&self.derive("check")).to_hex()[..32].to_owned()
    }

    /// A key of its own for each purpose: HMAC-SHA256 of the purpose.
    pub(crate) fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(b"biotope personal data ");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

pub(crate) fn missing(operator: &str) -> Invalid {
    Invalid::new("key", format!("must be named for the operator {operator}"), "nothing")
        .with_hint("name a variable or a file: key = { env = \"NAME\" } or key = { file = \"PATH\" }")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_from_a_file_and_shows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "0123456789abcdef\n").unwrap();
        let source = KeySource { file: Some(path.clone()), env: None };
        let key = source.read().unwrap().unwrap();
        assert_eq!((format!("{key:?}").as_str(), key.0), ("Key", Key::of(b"0123456789abcdef").0));
        std::fs::write(&path, "short").unwrap();
        let error = source.read().unwrap_err();
        assert_eq!(error.to_string(), "invalid key.file: must hold 16 to 65536 bytes, got 5 bytes");
        assert_eq!(error.hint().as_deref(), Some("make one with `openssl rand -hex 32`"));
        let unset = KeySource { env: Some("BIOTOPE_NO_SUCH_KEY".into()), file: None };
        assert_eq!(
            unset.read().unwrap_err().to_string(),
            "invalid key.env: must name a variable that is set, got \"BIOTOPE_NO_SUCH_KEY\""
        );
        assert!(KeySource::default().read().unwrap().is_none());
    }
}
