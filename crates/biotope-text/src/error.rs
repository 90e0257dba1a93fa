//! What can go wrong, by cause.

use std::path::{Path, PathBuf};

use biotope_core::{Invalid, Unknown};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry has no entry of that name.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// An option breaks a rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The file system refused.
    #[error("{doing} {}", path.display())]
    Io {
        /// `"read"` or `"write"`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that was read but does not hold what it should.
    #[error("{} is not usable: {why}", path.display())]
    Corrupted {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// There was nothing to learn from.
    #[error("nothing to learn a vocabulary from: {why}")]
    EmptyCorpus {
        /// What was empty.
        why: String,
    },
    /// The tokenizers library refused.
    #[error("{doing}: {source}")]
    Tokenizer {
        /// What was being done (`"tokenize"`, `"train a unigram model"`).
        doing: &'static str,
        /// What the library said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown(error) => error.hint().map(str::to_owned),
            Self::Invalid(error) => error.hint().map(str::to_owned),
            Self::Io { doing: "read", source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Some("name a file that a featurizer saved, or a tokenizer.json".to_owned())
            }
            Self::Corrupted { .. } => Some("fetch or train it anew".to_owned()),
            Self::EmptyCorpus { .. } => Some(
                "look at the training split: are its texts empty, or was everything set aside?".to_owned(),
            ),
            _ => None,
        }
    }

    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        Self::io("read", path)
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        Self::io("write", path)
    }

    fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    pub(crate) fn corrupted(path: &Path, why: impl std::fmt::Display) -> Self {
        Self::Corrupted { path: path.to_owned(), why: format!("{why}") }
    }

    pub(crate) fn tokenizer(
        doing: &'static str,
    ) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> Self {
        move |source| Self::Tokenizer { doing, source }
    }
}

/// The result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
