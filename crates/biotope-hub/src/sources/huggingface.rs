//! `hf:`: the Hugging Face Hub, or a mirror that speaks its protocol.
//!
//! 1. The cache of the hub's own clients is looked into: a file that is known to be right is copied from there.
//! 2. A `HEAD` with short timeouts tells whether the hub answers, the commit, the size. (hf-hub's own requests have
//!    no timeouts, so a silent hub would hold up the other sources for minutes.)
//! 3. hf-hub transfers the file of that commit into the working folder, not into its cache: its cache keeps whatever
//!    came, and files get into ours after their digest was checked.
//! 4. What is cut is resumed by ranges. The commit makes the address immutable, so no condition is needed.

use std::fs;
use std::path::PathBuf;

use reqwest::header::{CONTENT_LENGTH, ETAG, HeaderMap, LOCATION};
use url::Url;

use crate::error::{Error, Result};
use crate::http::{Part, Request};
use crate::sources::Job;
use crate::{Digest, RepoKind};

mod client;
mod transfer;

pub(crate) use client::Client;

/// A file on the hub.
#[derive(Clone, Copy)]
pub(crate) struct HubFile<'a> {
    pub kind: RepoKind,
    pub owner: &'a str,
    pub name: &'a str,
    pub revision: &'a str,
    pub path: &'a str,
}

/// What the hub says about a file before it sends it.
struct Facts {
    commit: Option<String>,
    bytes: Option<u64>,
    /// SHA-256 of a file in large-file storage.
    sha256: Option<Digest>,
    /// Sent by a storage that does not write from front to back.
    is_chunked: bool,
}

/// Finds the file in the hub's cache, or downloads it. `forbidden`: the variable that says not to ask the hub.
pub(crate) fn fetch(job: &Job<'_>, file: &HubFile<'_>, forbidden: Option<&'static str>) -> Result<PathBuf> {
    if let Some(path) = from_hub_cache(job, file, forbidden.is_some())? {
        return Ok(path);
    }
    if let Some(variable) = forbidden {
        return Err(Error::Offline { spec: job.spec.to_string(), variable });
    }
    let mut request = request(job, file, file.revision)?;
    let facts = facts(&job.http.head(&request, |headers| headers.contains_key("x-repo-commit"))?);
    if facts.bytes.is_some_and(|bytes| bytes > job.limit) {
        return Err(job.too_large(job.limit));
    }
    let revision = facts.commit.as_deref().unwrap_or(file.revision);
    let file = HubFile { revision, ..*file };
    request.url = address(job, &file)?;
    let part = Part::new(&job.folder);
    let mut meter = job.meter();
    meter.begin(facts.bytes);
    adopt(job, &part, &file, &facts)?;
    if part.len() > 0 || !transfer::run(job, &file, &part, &facts, &mut meter)? {
        job.http.download(&request, &part, facts.commit.is_some(), job.limit, &mut meter)?;
    }
    check(job, &part, &facts)?;
    Ok(part.path().to_owned())
}

/// Holds what came against what the hub said of it, where the caller has no digest of its own.
fn check(job: &Job<'_>, part: &Part, facts: &Facts) -> Result<()> {
    let Some(expected) = facts.sha256.filter(|_| job.expected.is_none()) else { return Ok(()) };
    let (got, _) = Digest::of_file(part.path()).map_err(Error::io(part.path()))?;
    if got == expected {
        return Ok(());
    }
    part.restart(None)?;
    Err(Error::WrongDigest { spec: job.spec.to_string(), expected, got, record: None })
}

/// A file from the cache of the hub's own clients, copied, if it is known to be the right one: by its digest, by the
/// commit that names it, or because the hub must not be asked.
fn from_hub_cache(job: &Job<'_>, file: &HubFile<'_>, offline: bool) -> Result<Option<PathBuf>> {
    let is_commit = file.revision.len() == 40 && file.revision.bytes().all(|b| b.is_ascii_hexdigit());
    if !(job.expected.is_some() || is_commit || offline) || !job.config.hub_cache.is_dir() {
        return Ok(None);
    }
    let Ok(cached) = job.client.cached(job, file) else { return Ok(None) };
    let Ok((digest, bytes)) = Digest::of_file(&cached) else { return Ok(None) };
    if job.expected.is_some_and(|expected| digest != expected) || bytes > job.limit {
        return Ok(None);
    }
    let copy = job.path("data");
    fs::copy(&cached, &copy).map_err(Error::io(&copy))?;
    Ok(Some(copy))
}

fn facts(headers: &HeaderMap) -> Facts {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_commit = |commit: &&str| commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
    let linked = text("x-linked-etag").or_else(|| text(ETAG.as_str()));
    // The length of a redirect is that of its own page.
    let length = || text(CONTENT_LENGTH.as_str()).filter(|_| !headers.contains_key(LOCATION));
    let size = text("x-linked-size").or_else(length);
    Facts {
        commit: text("x-repo-commit").filter(is_commit).map(str::to_owned),
        bytes: size.and_then(|size| size.parse().ok()).filter(|bytes| *bytes > 0),
        sha256: linked.and_then(|etag| etag.trim_start_matches("W/").trim_matches('"').parse().ok()),
        is_chunked: headers.contains_key("x-xet-hash"),
    }
}

fn request<'a>(job: &Job<'a>, file: &HubFile<'_>, revision: &str) -> Result<Request<'a>> {
    let url = address(job, &HubFile { revision, ..*file })?;
    Ok(Request { url, token: job.config.token.as_ref(), label: job.spec.to_string() })
}

/// `{endpoint}/{repo}/resolve/{revision}/{path}`
fn address(job: &Job<'_>, file: &HubFile<'_>) -> Result<Url> {
    let bad = || Error::Hub { spec: job.spec.to_string(), cause: "HF_ENDPOINT is no address".to_owned() };
    let mut url = Url::parse(&job.config.endpoint).map_err(|_| bad())?;
    let datasets = if file.kind == RepoKind::Dataset { "datasets" } else { "" };
    let parts = [datasets, file.owner, file.name, "resolve", file.revision];
    url.path_segments_mut()
        .map_err(|()| bad())?
        .pop_if_empty()
        .extend(parts.into_iter().filter(|part| !part.is_empty()))
        .extend(file.path.split('/'));
    Ok(url)
}

/// Where hf-hub writes the file.
fn landing(job: &Job<'_>, file: &HubFile<'_>) -> PathBuf {
    job.path("hub").join(file.path)
}

/// Takes over what an earlier run left, if it belongs to the same commit; else makes room.
fn adopt(job: &Job<'_>, part: &Part, file: &HubFile<'_>, facts: &Facts) -> Result<()> {
    let belongs = facts.commit.is_some() && part.validator() == facts.commit && !facts.is_chunked;
    let left = landing(job, file);
    if !belongs {
        part.restart(facts.commit.as_deref())?;
    } else if fs::metadata(&left).map_or(0, |meta| meta.len()) > part.len() {
        fs::rename(&left, part.path()).map_err(Error::io(part.path()))?;
    }
    // Whatever is still there is of no use; hf-hub truncates it if it cannot be removed.
    let _ = fs::remove_dir_all(job.path("hub"));
    if facts.bytes.is_some_and(|bytes| part.len() > bytes) {
        part.restart(facts.commit.as_deref())?;
    }
    Ok(())
}
