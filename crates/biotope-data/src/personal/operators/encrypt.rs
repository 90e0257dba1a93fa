//! A find is encrypted so that whoever has the key restores it: AES-256-GCM-SIV (RFC 8452).

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::Operator;
use crate::personal::keys::{Key, missing};
use crate::{Error, Result};

/// Writes `<KIND:…>` with the encrypted find in URL-safe base64. The nonce is fixed: GCM-SIV then shows which finds are
/// equal, and nothing else; so the same find gives the same text. The kind is authenticated with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Encrypt {}

impl Config for Encrypt {
    const NAME: &'static str = "encrypt";
    const SUMMARY: &'static str = "the find encrypted (AES-256-GCM-SIV); the key restores it";
}

impl Encrypt {
    pub(super) fn with(key: Option<&Key>) -> Result<Cipher, Invalid> {
        Ok(Cipher::new(key.ok_or_else(|| missing(Self::NAME))?))
    }
}

/// Encrypts finds and restores them.
pub struct Cipher(Aes256GcmSiv);

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cipher")
    }
}

impl Cipher {
    /// A cipher with a key.
    pub fn new(key: &Key) -> Self {
        Self(Aes256GcmSiv::new(&key.derive("encrypt").into()))
    }

    /// The text with every encrypted find restored.
    ///
    /// Another key, or a changed text, is an error that says where.
    pub fn decrypt(&self, text: &str) -> Result<String> {
        let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
        while let Some((before, kind, code, after)) = sealed(rest) {
            plain.push_str(before);
            let place = text.len() - rest.len() + before.len();
            plain.push_str(
                &self.open(kind, code).ok_or_else(|| Error::Sealed { kind: kind.to_owned(), byte: place })?,
            );
            rest = after;
        }
        plain.push_str(rest);
        Ok(plain)
    }

    fn open(&self, kind: &str, code: &str) -> Option<String> {
        let bytes = BASE64.decode(code).ok()?;
        let plain = self.0.decrypt(&Nonce::default(), Payload { msg: &bytes, aad: kind.as_bytes() }).ok()?;
        String::from_utf8(plain).ok()
    }
}

/// The first `<KIND:…>` of a text: what stands before it, its kind, its code, what stands behind.
fn sealed(text: &str) -> Option<(&str, &str, &str, &str)> {
    let mut from = 0;
    while let Some(open) = text[from..].find('<').map(|at| from + at) {
        let inner = &text[open + 1..];
        let kind =
            inner.bytes().take_while(|b| b.is_ascii_uppercase() || *b == b'_' || b.is_ascii_digit()).count();
        let code = inner.get(kind + 1..).unwrap_or_default();
        let length =
            code.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')).count();
        // The tag alone is 16 bytes: 22 characters.
        if kind > 0
            && inner.as_bytes()[kind..].first() == Some(&b':')
            && length >= 22
            && code.as_bytes().get(length) == Some(&b'>')
        {
            return Some((&text[..open], &inner[..kind], &code[..length], &code[length + 1..]));
        }
        from = open + 1;
    }
    None
}

impl Operator for Cipher {
    fn apply(&self, kind: &str, found: &str) -> String {
        let payload = Payload { msg: found.as_bytes(), aad: kind.as_bytes() };
        let bytes = self.0.encrypt(&Nonce::default(), payload).expect("a find is shorter than 2^36 bytes");
        format!("<{kind}:{}>", BASE64.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_restores_and_another_does_not() {
        let cipher = Cipher::new(&Key::of(b"0123456789abcdef"));
        let sealed = format!(
            "a < b <X:y> {} 和 {}",
            cipher.apply("EMAIL_ADDRESS", "a@b.co"),
            cipher.apply("PHONE_NUMBER", "电话")
        );
        assert!(!sealed.contains("a@b.co"));
        assert_eq!(cipher.decrypt(&sealed).unwrap(), "a < b <X:y> a@b.co 和 电话");
        let error = Cipher::new(&Key::of(b"0123456789abcdeg")).decrypt(&sealed).unwrap_err();
        assert_eq!(error.to_string(), "cannot restore the EMAIL_ADDRESS at byte 12");
        assert_eq!(
            error.hint().as_deref(),
            Some("it was encrypted with another key, or the text was changed")
        );
        let moved = sealed.replace("<EMAIL_ADDRESS", "<URL");
        assert!(cipher.decrypt(&moved).is_err(), "the kind belongs to what is authenticated");
    }
}
