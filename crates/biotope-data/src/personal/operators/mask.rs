//! Letters and digits of a find become stars; its last ones may stay.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::Operator;

/// Covers letters and digits; separators stay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mask {
    /// How many letters and digits stay at the end. Never more than a third of them.
    pub keep_last: usize,
    /// What stands for a letter or digit.
    pub with: String,
}

impl Default for Mask {
    fn default() -> Self {
        Self { keep_last: 0, with: "*".into() }
    }
}

impl Config for Mask {
    const NAME: &'static str = "mask";
    const SUMMARY: &'static str = "stars stand for letters and digits; keep_last of them stay";

    fn check(&self) -> Result<(), Invalid> {
        match self.with.chars().count() {
            1 => Ok(()),
            _ => Err(Invalid::new("with", "must be one character", format!("{:?}", self.with))),
        }
    }
}

impl Operator for Mask {
    fn apply(&self, _kind: &str, found: &str) -> String {
        let total = found.chars().filter(|c| c.is_alphanumeric()).count();
        let covered = total - self.keep_last.min(total / 3);
        let mut seen = 0;
        let mut masked = String::with_capacity(found.len());
        for c in found.chars() {
            seen += usize::from(c.is_alphanumeric());
            if c.is_alphanumeric() && seen <= covered {
                masked.push_str(&self.with);
            } else {
                masked.push(c);
            }
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_the_last_ones_stay() {
        let mask = |keep_last, text| Mask { keep_last, ..Mask::default() }.apply("", text);
        assert_eq!(mask(4, "4111-1111-1111-1111"), "****-****-****-1111");
        assert_eq!(mask(0, "张三@例子.公司"), "**@**.**");
        assert_eq!(mask(4, "ab12"), "***2");
        let error = Mask { with: "**".into(), ..Mask::default() }.check().unwrap_err();
        assert_eq!(error.to_string(), "invalid with: must be one character, got \"**\"");
    }
}
