//! One file per kind of source.

use std::path::{Path, PathBuf};

use biotope_core::Progress;

use crate::cache::Cache;
use crate::config::HubConfig;
use crate::error::{Error, Result};
use crate::http::Http;
use crate::meter::Meter;
use crate::secret::scrub;
use crate::{Digest, Spec};

pub(crate) mod deb;
pub(crate) mod huggingface;
pub(crate) mod npm;
pub(crate) mod package;
pub(crate) mod pypi;
pub(crate) mod web;

/// One file to be fetched from one source.
pub(crate) struct Job<'a> {
    pub config: &'a HubConfig,
    pub cache: &'a Cache,
    pub http: &'a Http,
    pub client: &'a huggingface::Client,
    pub spec: &'a Spec,
    /// Where to work; what an earlier, cut run left is still there.
    pub folder: PathBuf,
    /// Most bytes.
    pub limit: u64,
    /// The digest that it must have, if known; the caller checks it.
    pub expected: Option<Digest>,
    /// What the user asked for.
    pub label: &'a str,
    pub progress: &'a dyn Progress,
}

impl Job<'_> {
    pub(crate) fn meter(&self) -> Meter<'_> {
        Meter::new(self.progress, self.label)
    }

    /// Foreign text fit for an error.
    pub(crate) fn scrub(&self, text: &str) -> String {
        scrub(text, self.config.token.as_ref())
    }

    pub(crate) fn too_large(&self, limit: u64) -> Error {
        Error::TooLarge { spec: self.spec.to_string(), limit }
    }

    /// A path in the working folder.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }
}

/// Fetches into the working folder; the caller verifies.
pub(crate) fn fetch(job: &Job<'_>) -> Result<PathBuf> {
    let forbidden = job.config.forbidden_by(job.spec);
    if let (Some(variable), false) = (forbidden, matches!(job.spec, Spec::HuggingFace { .. })) {
        return Err(Error::Offline { spec: job.spec.to_string(), variable });
    }
    match job.spec {
        Spec::HuggingFace { kind, owner, name, revision, path } => huggingface::fetch(
            job,
            &huggingface::HubFile { kind: *kind, owner, name, revision, path },
            forbidden,
        ),
        Spec::Python { package, version, path } => pypi::fetch(job, package, version, path),
        Spec::Npm { package, version, path } => npm::fetch(job, package, version, path),
        Spec::Debian { package, version, path } => deb::fetch(job, package, version.as_deref(), path),
        Spec::Web(address) => web::fetch(job, address),
        Spec::File(path) => Ok(path.clone()),
    }
}
