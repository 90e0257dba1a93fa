//! What can go wrong, by cause.

use std::io;
use std::path::{Path, PathBuf};

use biotope_core::{Invalid, Unknown};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file's digest is not what the manifest says.
    #[error("corrupted bundle: {} has sha256 {got}, expected {expected}", file.display())]
    Corrupted {
        /// The file.
        file: PathBuf,
        /// Digest by the manifest.
        expected: String,
        /// Digest of what is there.
        got: String,
    },
    /// A file's size is not what the manifest says; its digest was not even looked at.
    #[error("corrupted bundle: {} has {got} bytes, expected {expected}", file.display())]
    Size {
        /// The file.
        file: PathBuf,
        /// Bytes by the manifest.
        expected: u64,
        /// Bytes of what is there.
        got: u64,
    },
    /// A file of the bundle is not there.
    #[error("incomplete bundle: {} is missing", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// The folder is no bundle at all.
    #[error("{} is no bundle: it has no manifest.json", path.display())]
    NoBundle {
        /// The folder.
        path: PathBuf,
    },
    /// The bundle was written in a format that this version does not know.
    #[error("{} has bundle format {got}, this version reads {known}", path.display())]
    Format {
        /// The folder.
        path: PathBuf,
        /// Its format.
        got: u32,
        /// The newest known format.
        known: u32,
    },
    /// A file of the bundle is not what it should be.
    #[error("{} cannot be read: {why}", file.display())]
    Content {
        /// The file.
        file: PathBuf,
        /// What the reader said.
        why: String,
    },
    /// No bundle of that name or version in the store.
    #[error("no bundle {name:?} in {}", store.display())]
    NotFound {
        /// What was asked for.
        name: String,
        /// The store.
        store: PathBuf,
        /// What there is.
        hint: String,
    },
    /// The version is there already; bundles are never overwritten.
    #[error("bundle {} is there already", path.display())]
    Exists {
        /// Its folder.
        path: PathBuf,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {doing} {}: {cause}", path.display())]
    Io {
        /// What was tried (`"read"`, `"write"`).
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A setting that cannot be used.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A name that no registry knows.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// The cleaning steps.
    #[error(transparent)]
    Data(Box<biotope_data::Error>),
    /// The featurizer.
    #[error(transparent)]
    Text(Box<biotope_text::Error>),
    /// The model or its weights.
    #[error(transparent)]
    Nn(Box<biotope_nn::Error>),
    /// Building the model.
    #[error(transparent)]
    Models(Box<biotope_models::Error>),
    /// The predictor itself broke.
    #[error("prediction: {0}")]
    Predictor(String),
}

impl Error {
    /// An I/O error with what was tried and where.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Io { doing, path, cause }
    }

    /// A file that is not what it should be.
    pub(crate) fn content(file: impl AsRef<Path>, why: impl std::fmt::Display) -> Self {
        Self::Content { file: file.as_ref().to_owned(), why: format!("{why}") }
    }

    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Corrupted { .. } | Self::Size { .. } | Self::Missing { .. } => Some(
                "copy the bundle again from where it was made, or make it again with `biotope bundle`".into(),
            ),
            Self::NoBundle { .. } => Some("name the folder of a version, as in bundles/NAME/VERSION".into()),
            Self::Format { .. } => Some("it was made by a newer version: update biotope".into()),
            Self::NotFound { hint, .. } => Some(hint.clone()),
            Self::Exists { .. } => Some("give another version, or none to take the next number".into()),
            Self::Io { cause, .. } if cause.kind() == io::ErrorKind::StorageFull => {
                Some("the disk is full: free some space; nothing was left behind".into())
            }
            Self::Io { cause, .. } if cause.kind() == io::ErrorKind::FileTooLarge => {
                Some("the system takes no larger file here: see `ulimit -f` and the file system".into())
            }
            Self::Io { cause, .. } if cause.kind() == io::ErrorKind::PermissionDenied => {
                Some("the folder may not be written by this user".into())
            }
            Self::Invalid(invalid) => invalid.hint().map(ToOwned::to_owned),
            Self::Unknown(unknown) => unknown.hint().map(ToOwned::to_owned),
            Self::Data(error) => error.hint(),
            Self::Text(error) => error.hint(),
            Self::Nn(error) => error.hint(),
            Self::Models(error) => error.hint(),
            _ => None,
        }
    }
}

impl From<biotope_data::Error> for Error {
    fn from(error: biotope_data::Error) -> Self {
        Self::Data(Box::new(error))
    }
}

impl From<biotope_text::Error> for Error {
    fn from(error: biotope_text::Error) -> Self {
        Self::Text(Box::new(error))
    }
}

impl From<biotope_nn::Error> for Error {
    fn from(error: biotope_nn::Error) -> Self {
        Self::Nn(Box::new(error))
    }
}

impl From<biotope_models::Error> for Error {
    fn from(error: biotope_models::Error) -> Self {
        Self::Models(Box::new(error))
    }
}
