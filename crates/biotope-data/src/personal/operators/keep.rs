//! A find stays as it is: it is only reported.

use biotope_core::Config;
use serde::{Deserialize, Serialize};

use super::Operator;

/// Leaves a find in place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keep {}

impl Config for Keep {
    const NAME: &'static str = "keep";
    const SUMMARY: &'static str = "the find stays; it is only reported";
}

impl Operator for Keep {
    fn apply(&self, _kind: &str, found: &str) -> String {
        found.to_owned()
    }

    fn keeps(&self) -> bool {
        true
    }
}
