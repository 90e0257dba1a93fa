//! Groups: which parameters take another learning rate or weight decay.

use biotope_core::Invalid;
use serde::{Deserialize, Serialize};

use crate::rules::not_negative;

/// Parameters whose names fit a pattern, and what is different for them. The first group that fits, wins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Group {
    /// Patterns over whole names; `*` stands for any characters, case does not matter (`"*.bias"`, `"*norm*"`).
    pub names: Vec<String>,
    /// Factor on the learning rate.
    pub lr_scale: f64,
    /// Weight decay instead of the rule's own.
    pub weight_decay: Option<f64>,
}

impl Default for Group {
    fn default() -> Self {
        Self { names: Vec::new(), lr_scale: 1.0, weight_decay: None }
    }
}

impl Group {
    /// No weight decay on biases and normalisation layers: the usual choice for encoders.
    ///
    /// ```
    /// let group = biotope_optim::Group::no_decay();
    /// assert!(group.fits("encoder.layer.0.attention.output.LayerNorm.weight"));
    /// assert!(group.fits("classifier.bias") && !group.fits("classifier.weight"));
    /// ```
    pub fn no_decay() -> Self {
        let names = ["bias", "*.bias", "*norm*"].map(str::to_owned).to_vec();
        Self { names, weight_decay: Some(0.0), ..Self::default() }
    }

    /// Whether a parameter belongs to it.
    pub fn fits(&self, name: &str) -> bool {
        fits_any(&self.names, name)
    }

    /// Checks the numbers.
    pub fn check(&self) -> Result<(), Invalid> {
        not_negative("lr_scale", self.lr_scale)?;
        self.weight_decay.map_or(Ok(()), |decay| not_negative("weight_decay", decay))
    }
}

/// Whether a name fits one of the patterns; case does not matter.
pub(crate) fn fits_any(patterns: &[String], name: &str) -> bool {
    let name = name.to_lowercase();
    patterns.iter().any(|pattern| fits(&pattern.to_lowercase(), &name))
}

/// Whether `name` fits `pattern`: the pieces between the stars occur in order, the outer ones at the ends.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let tail = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = name.find(piece) else { return false };
        name = &name[at + piece.len()..];
    }
    name.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        let cases = [
            ("bias", "bias", true),
            ("bias", "a.bias", false),
            ("*.bias", "a.b.bias", true),
            ("*.bias", "a.bias.b", false),
            ("*norm*", "layer_norm.weight", true),
            ("a*b*c", "a.b.b.c", true),
            ("a*b*c", "a.c.b", false),
            ("ab*ba", "aba", false),
            ("*", "", true),
            ("词*", "词.weight", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_negative_scale_is_refused() {
        let error = Group { lr_scale: -1.0, ..Group::default() }.check().unwrap_err();
        assert_eq!(error.to_string(), "invalid lr_scale: must be a number not below 0, got -1");
    }
}
