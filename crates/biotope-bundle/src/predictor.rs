//! The door to whatever predicts: a bundle, an ensemble, a toy in a test.

use biotope_core::{Document, MediaType, Prediction, Task};
use serde::{Deserialize, Serialize};

use crate::{Reason, Result, explain};

/// What a predictor is and takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Name of the bundle (`"reuters-r8"`).
    pub name: String,
    /// Its version, as it stands in the registry of bundles.
    pub version: String,
    /// Digest over the bundle's content, once it is saved.
    pub digest: Option<String>,
    /// Registry name of the model (`"bert"`).
    pub model: String,
    /// What it decides, with the labels in the order of the scores.
    pub task: Task,
    /// What it reads.
    pub inputs: Vec<MediaType>,
    /// Most tokens of a document that it reads; the rest is cut off.
    pub max_length: usize,
}

impl Signature {
    /// Label names in the order of the scores; empty for regression.
    pub fn labels(&self) -> &[String] {
        self.task.labels()
    }
}

/// What comes back for one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The model's scores.
    Predicted(Prediction),
    /// A cleaning step would not let the document through, so no model saw it.
    Refused(Reason),
}

impl Answer {
    /// The scores, if there are any.
    pub fn prediction(&self) -> Option<&Prediction> {
        match self {
            Self::Predicted(prediction) => Some(prediction),
            Self::Refused(_) => None,
        }
    }
}

/// An answer with the words behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The answer itself.
    pub answer: Answer,
    /// Index of the label that the words speak for or against; 0 for regression.
    pub label: usize,
    /// Words with the score that the label loses without them, largest change first: a positive
    /// weight speaks for the label, a negative one against it. Empty if the document was refused.
    pub words: Vec<(String, f64)>,
}

/// Whatever predicts from documents as they come: raw pages or texts.
pub trait Predictor: Send + Sync {
    /// What it is and takes.
    fn signature(&self) -> &Signature;

    /// One answer per document, in order.
    fn predict(&self, docs: &[Document]) -> Result<Vec<Answer>>;

    /// The document as the model will read it, after the cleaning steps, or why they refuse it.
    fn clean(&self, doc: &Document) -> Result<Document, Reason> {
        Ok(doc.clone())
    }

    /// Why a label: at most `words` distinct words, each weighed by leaving it out ([`explain`]).
    /// Without a label, the best one is explained.
    fn explain(&self, doc: &Document, label: Option<usize>, words: usize) -> Result<Explanation> {
        let doc = match self.clean(doc) {
            Ok(doc) => doc,
            Err(reason) => {
                let label = label.unwrap_or_default();
                return Ok(Explanation { answer: Answer::Refused(reason), label, words: Vec::new() });
            }
        };
        explain::occlusion(&doc, label, words, &mut |docs| self.predict(docs))
    }
}
