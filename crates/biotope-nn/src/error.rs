//! What can go wrong here.

use std::fmt::Display;
use std::path::PathBuf;

use biotope_core::{Invalid, RecordId, Unknown};

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Errors of the tensor contract and its layers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// candle refused an operation.
    #[error("tensor operation: {0}")]
    Candle(#[from] candle_core::Error),
    /// A configuration cannot be used.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No such registry entry.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// A batch of nothing.
    #[error("a batch needs at least one example")]
    EmptyBatch,
    /// Examples of different kinds in one batch.
    #[error("record {id}: {what} differs in kind from the first record of the batch")]
    Mixed {
        /// The record that differs.
        id: RecordId,
        /// `"features"` or `"target"`.
        what: &'static str,
    },
    /// The batch carries no targets, or targets that the loss cannot use.
    #[error("{loss} needs {expected}, got {got}")]
    Targets {
        /// Registry name of the loss.
        loss: &'static str,
        /// What it needs.
        expected: &'static str,
        /// What the batch carries.
        got: &'static str,
    },
    /// The features are of a kind that the model does not take.
    #[error("this model takes {expected}, got {got}")]
    Input {
        /// What it takes.
        expected: &'static str,
        /// What came.
        got: &'static str,
    },
    /// Shapes that do not fit.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// Of what.
        what: String,
        /// What was expected.
        expected: String,
        /// What came.
        got: String,
    },
    /// An id beyond its table.
    #[error("{what}: id {id} is out of range, there are {rows} rows")]
    OutOfRange {
        /// Which table.
        what: String,
        /// The id.
        id: u32,
        /// Number of rows.
        rows: usize,
    },
    /// A file of parameters does not hold what the model needs.
    #[error("{path}: parameters do not fit the model: {misfit}")]
    Misfit {
        /// The file.
        path: PathBuf,
        /// Names, by kind.
        misfit: crate::params::Misfit,
    },
    /// A parameter that nobody asked for.
    #[error("no parameter is named {name:?}")]
    NoParameter {
        /// The name.
        name: String,
    },
    /// Reading or writing a file.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// Not a safetensors file.
    #[error("{path}: not a readable safetensors file: {reason}")]
    Format {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Error {
    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Invalid(invalid) => invalid.hint().map(str::to_owned),
            Self::Unknown(unknown) => unknown.hint().map(str::to_owned),
            Self::Misfit { .. } => Some("was it saved by a model with the same options and labels?".into()),
            Self::Targets { got: "nothing", .. } => Some("give every example a target".into()),
            Self::Input { expected, .. } => Some(format!("choose a featurizer that makes {expected}")),
            Self::OutOfRange { .. } => Some("do tokenizer and model share one vocabulary?".into()),
            Self::Io { .. } => {
                Some("is the path right, the folder writable, and is there space left?".into())
            }
            _ => None,
        }
    }
}

/// A shape error in one line.
pub(crate) fn shape(what: impl Into<String>, expected: impl Display, got: impl Display) -> Error {
    Error::Shape { what: what.into(), expected: expected.to_string(), got: got.to_string() }
}
