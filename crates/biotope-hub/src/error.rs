//! What can go wrong between a name and a verified file.

use std::io;
use std::path::{Path, PathBuf};

use biotope_core::{Invalid, Unknown};

use crate::Digest;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a file could not be had. No message holds a token, a password or the query of a URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text names no source.
    #[error("bad source {spec:?}: {rule}")]
    BadSpec {
        /// What was given.
        spec: String,
        /// What it should look like.
        rule: &'static str,
    },
    /// No asset of that name in the table.
    #[error(transparent)]
    UnknownAsset(#[from] Unknown),
    /// The table of assets breaks a rule.
    #[error("asset table: {0}")]
    Assets(#[from] Invalid),
    /// The source answered, and has no such file.
    #[error("{spec}: no such file")]
    NotFound {
        /// The source.
        spec: String,
        /// What may have been meant.
        advice: Option<String>,
    },
    /// The source wants another token, or none will do.
    #[error("{spec}: access refused with status {status}")]
    Refused {
        /// The source.
        spec: String,
        /// HTTP status, 401 or 403.
        status: u16,
    },
    /// The source answered with a failure of its own.
    #[error("{spec}: the server answered with status {status}")]
    Status {
        /// The source.
        spec: String,
        /// HTTP status.
        status: u16,
    },
    /// No answer in time, or none at all.
    #[error("{spec}: unreachable: {cause}")]
    Unreachable {
        /// The source.
        spec: String,
        /// What the network said.
        cause: String,
    },
    /// The transfer broke off, and so did each attempt to resume it.
    #[error("{spec}: cut after {received} bytes: {cause}")]
    Cut {
        /// The source.
        spec: String,
        /// Bytes that lie in the cache; the next fetch goes on from there.
        received: u64,
        /// What the network said.
        cause: String,
    },
    /// The bytes are not the ones that were expected. Nothing was kept.
    #[error("{spec}: wrong digest: expected sha256 {expected}, got {got}")]
    WrongDigest {
        /// The source.
        spec: String,
        /// The pinned or recorded digest.
        expected: Digest,
        /// The digest of what came.
        got: Digest,
        /// The record that holds the expectation, if it was made by a first download and not by a pin.
        record: Option<PathBuf>,
    },
    /// More bytes than allowed. Nothing was kept.
    #[error("{spec}: larger than the limit of {limit} bytes")]
    TooLarge {
        /// The source.
        spec: String,
        /// The limit.
        limit: u64,
    },
    /// Not in the cache, and the network may not be used.
    #[error("{spec}: not in the cache, and {variable} forbids to fetch it")]
    Offline {
        /// The source.
        spec: String,
        /// The environment variable that says so.
        variable: &'static str,
    },
    /// The package client is not on this machine.
    #[error("{spec}: needs {client}, which was not found on the PATH")]
    MissingClient {
        /// The source.
        spec: String,
        /// The client, or the ones that would do.
        client: &'static str,
    },
    /// The package client failed.
    #[error("{spec}: {client} failed: {message}")]
    ClientFailed {
        /// The source.
        spec: String,
        /// The client.
        client: String,
        /// The end of what it said.
        message: String,
    },
    /// The package could not be unpacked.
    #[error("{spec}: unreadable package: {why}")]
    Archive {
        /// The source.
        spec: String,
        /// What is wrong with it.
        why: String,
    },
    /// A rule of safety forbids it: plain `http:`, a redirect to one, too many redirects.
    #[error("{spec}: {rule}")]
    Forbidden {
        /// The source.
        spec: String,
        /// The rule.
        rule: String,
    },
    /// The hub's client failed in a way of its own.
    #[error("{spec}: {cause}")]
    Hub {
        /// The source.
        spec: String,
        /// What it said.
        cause: String,
    },
    /// A local file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nowhere to keep anything.
    #[error("no cache folder: none of BIOTOPE_CACHE, XDG_CACHE_HOME, HOME is set")]
    NoCacheFolder,
    /// Every source of a file failed.
    #[error("no source of {name:?} could be used{}", list(attempts))]
    Exhausted {
        /// The asset.
        name: String,
        /// Each source with its reason, in the order of trial.
        attempts: Vec<Attempt>,
    },
}

/// One source that was tried, and why it failed.
#[derive(Debug)]
pub struct Attempt {
    /// The source.
    pub source: String,
    /// The reason; its message names the source.
    pub error: Error,
}

fn list(attempts: &[Attempt]) -> String {
    attempts.iter().fold(String::new(), |list, attempt| format!("{list}\n  {}", attempt.error))
}

impl Error {
    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::UnknownAsset(unknown) => return unknown.hint().map(str::to_owned),
            Self::Assets(invalid) => return invalid.hint().map(str::to_owned),
            Self::NotFound { advice, .. } => return advice.clone(),
            Self::Refused { .. } => {
                "set HF_TOKEN to a token that may read it, and check the name: the hub refuses repositories that do \
                 not exist, too"
            }
            Self::Unreachable { .. } => "check the network, HTTPS_PROXY and HF_ENDPOINT",
            Self::Cut { .. } => "fetch again: the transfer goes on where it was cut",
            Self::WrongDigest { record: Some(path), .. } => {
                return Some(format!(
                    "if the source may have changed, delete {} and fetch again",
                    path.display()
                ));
            }
            Self::WrongDigest { record: None, .. } => {
                "the source offers other bytes than the pinned ones: do not use them before you know why"
            }
            Self::Offline { variable, .. } => {
                return Some(format!("unset {variable} once to fill the cache"));
            }
            Self::MissingClient { client, .. } => return Some(format!("install {client}")),
            Self::Io { source, .. } => return Some(io_hint(source).to_owned()),
            Self::NoCacheFolder => "set BIOTOPE_CACHE to a folder that can be written",
            Self::Exhausted { attempts, .. } => return joined_hints(attempts),
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// An error of the file system at `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

fn io_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full: make room, or set BIOTOPE_CACHE to a folder on another one"
        }
        io::ErrorKind::NotFound => "check the path",
        _ => "set BIOTOPE_CACHE to a folder that can be written",
    }
}

fn joined_hints(attempts: &[Attempt]) -> Option<String> {
    let mut hints: Vec<String> = attempts.iter().filter_map(|attempt| attempt.error.hint()).collect();
    hints.dedup();
    (!hints.is_empty()).then(|| hints.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_says_so() {
        let error = Error::io(Path::new("/cache/x"))(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(error.to_string(), "/cache/x: no storage space");
        assert_eq!(
            error.hint().as_deref(),
            Some("the disk is full: make room, or set BIOTOPE_CACHE to a folder on another one")
        );
    }

    #[test]
    fn all_attempts_are_listed_with_their_reasons_and_hints() {
        let offline = Error::Offline { spec: "hf:a/b@main/c".into(), variable: "HF_HUB_OFFLINE" };
        let missing = Error::MissingClient { spec: "npm:p@1/c".into(), client: "npm" };
        let attempts = [("hf:a/b@main/c", offline), ("npm:p@1/c", missing)];
        let attempts = attempts.map(|(source, error)| Attempt { source: source.into(), error }).into();
        let error = Error::Exhausted { name: "c".into(), attempts };
        let expected = "no source of \"c\" could be used\n  \
                        hf:a/b@main/c: not in the cache, and HF_HUB_OFFLINE forbids to fetch it\n  \
                        npm:p@1/c: needs npm, which was not found on the PATH";
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.hint().as_deref(), Some("unset HF_HUB_OFFLINE once to fill the cache; install npm"));
    }
}
