//! hf-hub's blocking client, with our time-outs and bounds.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use hf_hub::progress::ProgressHandler;
use hf_hub::repository::{RepoType, RepoTypeDataset, RepoTypeModel};
use hf_hub::{HFClient, HFClientSync, HFError};

use super::HubFile;
use crate::RepoKind;
use crate::error::{Error, Result};
use crate::http::{USER_AGENT, check_scheme, root_cause};
use crate::sources::Job;

/// A call of hf-hub that is ready to run on another thread.
pub(super) type Call = Box<dyn FnOnce() -> std::result::Result<PathBuf, HFError> + Send>;

/// The hub's client, opened at the first use.
#[derive(Debug, Default)]
pub(crate) struct Client(Mutex<Option<HFClientSync>>);

impl Client {
    /// The file in the cache of the hub's own clients; the network is left alone.
    pub(super) fn cached(&self, job: &Job<'_>, file: &HubFile<'_>) -> Result<PathBuf> {
        let client = self.open(job)?;
        let found = match file.kind {
            RepoKind::Model => cached(&client, RepoTypeModel, file),
            RepoKind::Dataset => cached(&client, RepoTypeDataset, file),
        };
        found.map_err(|error| told(job, error))
    }

    /// A download into the folder `hub` of the job.
    pub(super) fn download(
        &self,
        job: &Job<'_>,
        file: &HubFile<'_>,
        listener: impl ProgressHandler + 'static,
    ) -> Result<Call> {
        let client = self.open(job)?;
        Ok(match file.kind {
            RepoKind::Model => download(&client, RepoTypeModel, job, file, listener),
            RepoKind::Dataset => download(&client, RepoTypeDataset, job, file, listener),
        })
    }

    fn open(&self, job: &Job<'_>) -> Result<HFClientSync> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*slot {
            return Ok(client.clone());
        }
        let client = build(job).map_err(|error| told(job, error))?;
        Ok(slot.insert(client).clone())
    }
}

fn build(job: &Job<'_>) -> std::result::Result<HFClientSync, HFError> {
    let config = job.config;
    let limits = config.limits;
    let (allow_http, redirects) = (config.allow_http, limits.redirects);
    let http = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(limits.connect)
        .read_timeout(limits.idle)
        .redirect(reqwest::redirect::Policy::custom(move |attempt| {
            let from_https = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
            if attempt.previous().len() > redirects {
                attempt.error("too many redirects")
            } else if check_scheme(attempt.url(), allow_http, "").is_err()
                || (from_https && attempt.url().scheme() != "https")
            {
                attempt.error("redirected to an unprotected address")
            } else {
                attempt.follow()
            }
        }))
        .build()
        .map_err(HFError::from)?;
    let mut builder = HFClient::builder()
        .endpoint(&config.endpoint)
        .client(http)
        .cache_dir(&config.hub_cache)
        .retry_max_attempts(limits.tries.saturating_sub(1) as usize)
        .retry_base_delay(limits.pause);
    if let Some(token) = &config.token {
        builder = builder.token(token.expose());
    }
    builder.build_sync()
}

fn cached<T: RepoType>(
    client: &HFClientSync,
    kind: T,
    file: &HubFile<'_>,
) -> std::result::Result<PathBuf, HFError> {
    let repo = client.repository(kind, file.owner, file.name);
    repo.download_file().filename(file.path).revision(file.revision).local_files_only(true).send()
}

fn download<T: RepoType>(
    client: &HFClientSync,
    kind: T,
    job: &Job<'_>,
    file: &HubFile<'_>,
    listener: impl ProgressHandler + 'static,
) -> Call {
    let repo = client.repository(kind, file.owner, file.name);
    let (path, revision, folder) = (file.path.to_owned(), file.revision.to_owned(), job.path("hub"));
    Box::new(move || {
        repo.download_file().filename(path).revision(revision).local_dir(folder).progress(listener).send()
    })
}

/// What hf-hub's error means here; nothing of its text that could hold a secret is kept.
pub(super) fn told(job: &Job<'_>, error: HFError) -> Error {
    let spec = job.spec.to_string();
    match error {
        HFError::AuthRequired { context } | HFError::Forbidden { context } => {
            Error::Refused { spec, status: context.status.as_u16() }
        }
        HFError::RepoNotFound { .. } | HFError::RevisionNotFound { .. } | HFError::EntryNotFound { .. } => {
            Error::NotFound { spec, advice: None }
        }
        HFError::RateLimited { context, .. } | HFError::Http { context } => {
            Error::Status { spec, status: context.status.as_u16() }
        }
        HFError::Request { source, .. } if source.is_redirect() => {
            Error::Forbidden { spec, rule: root_cause(&source) }
        }
        HFError::Request { source, .. } => {
            Error::Unreachable { spec, cause: job.scrub(&root_cause(&source)) }
        }
        HFError::Io(source) => Error::Io { path: job.folder.clone(), source },
        other => Error::Hub { spec, cause: job.scrub(&other.to_string()) },
    }
}
