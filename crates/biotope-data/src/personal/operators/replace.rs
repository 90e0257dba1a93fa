//! The kind stands for a find: `[EMAIL]`.

use biotope_core::Config;
use serde::{Deserialize, Serialize};

use super::Operator;
use crate::personal::replaced::mark;

/// Replaces a find by its kind, or by a text of your own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Replace {
    /// What stands for a find; empty for its kind in square brackets.
    pub with: String,
}

impl Config for Replace {
    const NAME: &'static str = "replace";
    const SUMMARY: &'static str = "the kind stands for the find: [EMAIL]";
}

impl Operator for Replace {
    fn apply(&self, kind: &str, _found: &str) -> String {
        if self.with.is_empty() { mark(kind) } else { self.with.clone() }
    }
}
