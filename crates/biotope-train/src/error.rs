//! What can go wrong, by cause.

use std::io;
use std::path::{Path, PathBuf};

use biotope_core::Invalid;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option breaks a rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The model, the loss or the batch.
    #[error(transparent)]
    Nn(#[from] biotope_nn::Error),
    /// The optimizer.
    #[error(transparent)]
    Optim(#[from] biotope_optim::Error),
    /// The metrics.
    #[error(transparent)]
    Eval(#[from] biotope_eval::Error),
    /// candle refused an operation.
    #[error("tensor operation: {0}")]
    Candle(#[from] candle_core::Error),
    /// A split without examples.
    #[error("the {split} split is empty")]
    Empty {
        /// `"train"` or `"valid"`.
        split: &'static str,
    },
    /// A refit after a run that was never measured.
    #[error("the first run was stopped before it was measured, so it says nothing about how far to refit")]
    NothingChosen,
    /// Nothing to train.
    #[error("the model has no parameters")]
    NoParameters,
    /// Parameters that would never learn.
    #[error("no gradient reaches {} of {of} parameters: {}", params.len(), params.join(", "))]
    NoGradient {
        /// All their names, in order.
        params: Vec<String>,
        /// How many parameters there are.
        of: usize,
    },
    /// Training blew up.
    #[error("the {what} is {value} at step {step}")]
    NotFinite {
        /// `"loss"` or `"gradient norm"`.
        what: &'static str,
        /// The update that was to be made, from 1.
        step: u64,
        /// NaN or an infinity.
        value: f64,
    },
    /// The chosen metric has no value on the validation split.
    #[error("metric {metric:?} is undefined on the validation split at step {step}")]
    Undefined {
        /// Registry name.
        metric: String,
        /// After this many updates.
        step: u64,
    },
    /// The run that a folder holds is another one.
    #[error("{path}: cannot resume, {what} was {was}, is now {is}")]
    Changed {
        /// The run folder.
        path: PathBuf,
        /// What differs.
        what: String,
        /// In the folder.
        was: String,
        /// In this call.
        is: String,
    },
    /// A file of the run folder that is not as it was written.
    #[error("{path}: damaged, {why}")]
    Corrupted {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// File or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A callback from outside gave up.
    #[error("callback: {0}")]
    Callback(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Invalid(error) => return error.hint().map(str::to_owned),
            Self::Nn(error) => return error.hint(),
            Self::Optim(error) => return error.hint(),
            Self::Eval(error) => return error.hint().map(str::to_owned),
            Self::Empty { split: "valid" } => "split some examples off for validation",
            Self::NothingChosen => "resume the first run to its end",
            Self::NoGradient { .. } => {
                "does the forward pass use them, and only through differentiable layers?"
            }
            Self::NotFinite { .. } => "lower `lr`, add a warm-up, or set `clip_norm`",
            Self::Undefined { .. } => "choose another `metric`, or a validation split that holds every class",
            Self::Changed { .. } => "set it back, or train into another folder",
            Self::Corrupted { .. } => "restore the file, or delete the folder's checkpoints to train again",
            Self::Io { .. } => "is the folder writable, and is there space left?",
            _ => return None,
        };
        Some(text.to_owned())
    }

    /// For `map_err` on file operations.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn corrupted(path: &Path, why: impl Into<String>) -> Self {
        Self::Corrupted { path: path.to_owned(), why: why.into() }
    }
}

/// The result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_errors_look() {
        let error = Error::NoGradient { params: vec!["a.bias".into(), "b".into()], of: 7 };
        assert_eq!(error.to_string(), "no gradient reaches 2 of 7 parameters: a.bias, b");
        let error = Error::NotFinite { what: "loss", step: 3, value: f64::NAN };
        assert_eq!(error.to_string(), "the loss is NaN at step 3");
        assert_eq!(error.hint().unwrap(), "lower `lr`, add a warm-up, or set `clip_norm`");
        assert_eq!(Error::Empty { split: "train" }.to_string(), "the train split is empty");
    }
}
