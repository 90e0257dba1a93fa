//! Why a document was refused.
use serde::{Deserialize, Serialize};

/// Why a document was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Which step said so.
    pub step: String,
    /// Why, in a few words with figures.
    pub why: String,
}

impl Reason {
    /// A reason.
    pub fn new(step: impl Into<String>, why: impl Into<String>) -> Self {
        Self { step: step.into(), why: why.into() }
    }
}
