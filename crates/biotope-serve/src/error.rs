//! What can go wrong before a request is there; what goes wrong with a request is a reply.

use std::io;

use biotope_core::Invalid;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {cause}")]
    Bind {
        /// What was asked for.
        addr: String,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The listener broke.
    #[error("cannot use the listener: {0}")]
    Listener(#[source] io::Error),
    /// The worker thread cannot be started.
    #[error("cannot start a worker thread: {0}")]
    Thread(#[source] io::Error),
    /// The HTTP client for fetching pages cannot be made.
    #[error("cannot make the client that fetches pages: {0}")]
    Client(String),
    /// A setting that cannot be used.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

impl Error {
    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Bind { addr, cause } => bind_hint(addr, cause.kind()),
            Self::Invalid(invalid) => invalid.hint().map(ToOwned::to_owned),
            _ => None,
        }
    }
}

fn bind_hint(addr: &str, kind: io::ErrorKind) -> Option<String> {
    let (host, port) = addr.rsplit_once(':').unwrap_or((addr, ""));
    match kind {
        io::ErrorKind::AddrInUse => Some(format!(
            "another program listens on port {port}: stop it, or take another port; {host}:0 takes a free one"
        )),
        io::ErrorKind::PermissionDenied => Some("ports below 1024 need privileges: take a higher one".into()),
        io::ErrorKind::AddrNotAvailable => Some(
            "this machine has no such address: 127.0.0.1 is this machine alone, 0.0.0.0 all its addresses"
                .into(),
        ),
        io::ErrorKind::InvalidInput => Some("an address is written as 127.0.0.1:8080 or [::1]:8080".into()),
        _ => None,
    }
}
