//! `https:`: any web server.

use std::path::PathBuf;

use crate::error::Result;
use crate::http::{Part, Request};
use crate::sources::Job;
use crate::spec::Address;

/// Downloads the file, going on where an earlier run was cut if the server still has the same one.
pub(crate) fn fetch(job: &Job<'_>, address: &Address) -> Result<PathBuf> {
    let request = Request { url: address.0.clone(), token: None, label: job.spec.to_string() };
    let part = Part::new(&job.folder);
    job.http.download(&request, &part, false, job.limit, &mut job.meter())?;
    Ok(part.path().to_owned())
}
