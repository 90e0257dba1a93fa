//! What can go wrong here.

use std::path::PathBuf;

use biotope_core::{Invalid, Unknown};
use biotope_nn::params::Misfit;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Errors of building, opening and saving models.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration cannot be used.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No such model.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// A layer, a tensor or a file of parameters.
    #[error(transparent)]
    Nn(#[from] biotope_nn::Error),
    /// Reading or writing a file.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// Not JSON, or not the JSON of a configuration.
    #[error("{path}: {reason}")]
    Format {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A folder of another architecture.
    #[error("{path}: this is no BERT: {key} is {got:?}")]
    NotBert {
        /// Its `config.json`.
        path: PathBuf,
        /// The key that tells.
        key: &'static str,
        /// Its value.
        got: String,
    },
    /// The weights are not those of the encoder that was built.
    #[error("{path}: weights do not fit the model: {misfit}")]
    Misfit {
        /// The file.
        path: PathBuf,
        /// Names, by kind.
        misfit: Misfit,
    },
}

impl Error {
    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Invalid(invalid) => invalid.hint().map(str::to_owned),
            Self::Unknown(unknown) => unknown.hint().map(str::to_owned),
            Self::Nn(error) => error.hint(),
            Self::NotBert { .. } => {
                Some("BERT folders say \"model_type\": \"bert\" in config.json (MiniLM does)".into())
            }
            Self::Misfit { .. } => Some("build the model from the config.json of the same folder".into()),
            Self::Io { .. } | Self::Format { .. } => None,
        }
    }
}
