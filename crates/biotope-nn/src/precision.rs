//! In which numbers products are computed.

use std::fmt;
use std::str::FromStr;

use biotope_core::Invalid;
use serde::{Deserialize, Serialize};

/// In which numbers the factors of products are; sums are always `f32` (or exact), parameters stay `f32`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32-bit floating point.
    #[default]
    F32,
    /// Brain floating point of 16 bits, rounded to nearest even (mixed precision, Micikevicius et al. 2018).
    Bf16,
    /// 8-bit integers, for answering only: weights scaled per output, inputs per row as they come.
    Int8,
}

impl Precision {
    /// All of them, most exact first.
    pub const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::Int8];

    /// The name in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Precision {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let found = Self::ALL.into_iter().find(|precision| precision.name() == text);
        found.ok_or_else(|| Invalid::new("precision", "must be f32, bf16 or int8", text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for precision in Precision::ALL {
            assert_eq!(precision.to_string().parse::<Precision>().unwrap(), precision);
        }
        let error = "fp16".parse::<Precision>().unwrap_err();
        assert_eq!(error.to_string(), "invalid precision: must be f32, bf16 or int8, got fp16");
    }
}
