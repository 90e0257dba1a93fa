//! What can go wrong, by cause; the crates below keep their own words.

use std::io;
use std::path::PathBuf;

use biotope_core::{Invalid, Unknown};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A recipe that cannot be used.
    #[error("{place}: {invalid}")]
    Recipe {
        /// The recipe's file or name.
        place: String,
        /// What is wrong with it.
        invalid: Invalid,
    },
    /// A configuration that cannot be used.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A name that no registry knows.
    #[error(transparent)]
    Unknown(#[from] Unknown),
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
    /// A file of ours is damaged.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// There is no such run, bundle, dataset or record.
    #[error("no {kind} {name:?} in {}", place.display())]
    Missing {
        /// What was looked for.
        kind: &'static str,
        /// Its name.
        name: String,
        /// Where.
        place: PathBuf,
    },
    /// A stage that comes before has not run.
    #[error("{stage} needs {needs} first")]
    Order {
        /// The stage that was asked for.
        stage: &'static str,
        /// The one that has to run before it.
        needs: &'static str,
    },
    /// The dataset lacks what the stage needs.
    #[error("dataset {dataset:?}: {why}")]
    Dataset {
        /// Its name.
        dataset: String,
        /// What it lacks.
        why: String,
    },
    /// The thread pool could not be made.
    #[error("cannot start {threads} threads: {why}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        why: String,
    },
    /// From curation.
    #[error(transparent)]
    Data(#[from] biotope_data::Error),
    /// From the hub.
    #[error(transparent)]
    Hub(#[from] biotope_hub::Error),
    /// From tokenizers.
    #[error(transparent)]
    Text(#[from] biotope_text::Error),
    /// From tensors.
    #[error(transparent)]
    Nn(#[from] biotope_nn::Error),
    /// From the zoo.
    #[error(transparent)]
    Models(#[from] biotope_models::Error),
    /// From training.
    #[error(transparent)]
    Train(#[from] biotope_train::Error),
    /// From evaluation.
    #[error(transparent)]
    Eval(#[from] biotope_eval::Error),
    /// From bundles.
    #[error(transparent)]
    Bundle(#[from] biotope_bundle::Error),
}

impl Error {
    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Recipe { invalid, .. } | Self::Invalid(invalid) => invalid.hint().map(str::to_owned),
            Self::Unknown(unknown) => unknown.hint().map(str::to_owned),
            Self::Io { cause, .. } => io_hint(cause),
            Self::Order { needs, .. } => {
                Some(format!("run `biotope {needs}` with the same recipe and store"))
            }
            Self::Missing { .. } => Some("`biotope list` shows what there is; is --store right?".into()),
            Self::Damaged { .. } => Some("remove it and run the stage again".into()),
            Self::Data(error) => error.hint(),
            Self::Hub(error) => error.hint(),
            Self::Text(error) => error.hint(),
            Self::Nn(error) => error.hint(),
            Self::Models(error) => error.hint(),
            Self::Train(error) => error.hint(),
            Self::Eval(error) => error.hint().map(str::to_owned),
            Self::Bundle(error) => error.hint(),
            Self::Dataset { .. } | Self::Threads { .. } => None,
        }
    }

    /// The cause behind a file that cannot be read or written.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Io { doing, path, cause }
    }
}

fn io_hint(cause: &io::Error) -> Option<String> {
    let hint = match cause.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder that you may write, or mend its permissions"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space; what was there before is unharmed"
        }
        io::ErrorKind::FileTooLarge => {
            "the system takes no larger file here: see `ulimit -f` and the file system"
        }
        _ => return None,
    };
    Some(hint.into())
}
