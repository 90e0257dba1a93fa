//! What happens to one document: the trait of the cleaning steps.

use std::fmt;

use biotope_core::{Component, Document, Table};
use serde::{Deserialize, Serialize};

use crate::Result;

/// Why a document was dropped.
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

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.why)
    }
}

/// What a step makes of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It goes on, perhaps changed.
    Keep(Document),
    /// It is set aside, with the reason.
    Drop(Document, Reason),
}

impl Verdict {
    /// The document, if kept.
    pub fn kept(self) -> Option<Document> {
        match self {
            Self::Keep(doc) => Some(doc),
            Self::Drop(..) => None,
        }
    }

    /// The reason, if dropped.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Keep(_) => None,
            Self::Drop(_, reason) => Some(reason),
        }
    }
}

/// A cleaning step: a pure function of one document, without files, network, clock or dice.
///
/// What cleans the training page cleans the served page, so a step may not know the corpus.
pub trait Step: Send + Sync {
    /// Registry name.
    fn name(&self) -> &'static str;

    /// The options that make the same step elsewhere, if they are not those that it was made from: a list that was read
    /// from a file stands in them in full. They are what a bundle carries.
    fn settled(&self) -> Option<Table> {
        None
    }

    /// What becomes of the document.
    fn apply(&self, doc: Document) -> Verdict;
}

/// How a step is made from its options.
pub type BuildStep = fn(&Table) -> Result<Box<dyn Step>>;

/// Makes the step that a recipe names.
pub fn build_step(component: &Component) -> Result<Box<dyn Step>> {
    (crate::steps().get(&component.name)?.build)(&component.options)
}
