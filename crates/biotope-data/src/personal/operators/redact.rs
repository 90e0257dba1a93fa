//! A find goes without a trace.

use biotope_core::Config;
use serde::{Deserialize, Serialize};

use super::Operator;

/// Removes a find.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redact {}

impl Config for Redact {
    const NAME: &'static str = "redact";
    const SUMMARY: &'static str = "the find is removed";
}

impl Operator for Redact {
    fn apply(&self, _kind: &str, _found: &str) -> String {
        String::new()
    }
}
