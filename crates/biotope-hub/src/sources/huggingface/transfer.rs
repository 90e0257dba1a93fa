//! One transfer by hf-hub, watched from outside: it can be silent, too large, cut.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;

use hf_hub::HFError;
use hf_hub::progress::{DownloadEvent, ProgressEvent, ProgressHandler};

use super::{Facts, HubFile, adopt, client, landing};
use crate::error::{Error, Result};
use crate::http::Part;
use crate::meter::Meter;
use crate::sources::Job;

enum Note {
    At(u64),
    Done(std::result::Result<PathBuf, HFError>),
}

/// Listens to hf-hub's progress, and ends the transfer when told to.
struct Listener {
    notes: Sender<Note>,
    cancelled: Arc<AtomicBool>,
}

impl ProgressHandler for Listener {
    fn on_progress(&self, event: &ProgressEvent) {
        if self.cancelled.load(Ordering::Relaxed) {
            // hf-hub knows no way to be stopped but this; nothing is printed, and the thread catches it.
            resume_unwind(Box::new("cancelled"));
        }
        let bytes = match event {
            ProgressEvent::Download(DownloadEvent::Progress { files }) => {
                files.iter().map(|file| file.bytes_completed).max()
            }
            ProgressEvent::Download(DownloadEvent::AggregateProgress { bytes_completed, .. }) => {
                Some(*bytes_completed)
            }
            _ => None,
        };
        if let Some(bytes) = bytes {
            // A listener that is gone has given up; the next event ends this transfer.
            let _ = self.notes.send(Note::At(bytes));
        }
    }
}

/// Lets hf-hub transfer the file. `false`: it was cut, and the part holds what came.
pub(super) fn run(
    job: &Job<'_>,
    file: &HubFile<'_>,
    part: &Part,
    facts: &Facts,
    meter: &mut Meter<'_>,
) -> Result<bool> {
    let (notes, listen) = mpsc::channel();
    let cancelled = Arc::new(AtomicBool::new(false));
    start(job, file, notes, cancelled.clone())?;
    let outcome = watch(job, &listen, meter);
    cancelled.store(true, Ordering::Relaxed);
    match outcome {
        Ok(path) => {
            let arrived = fs::metadata(&path).map_or(0, |meta| meta.len());
            if facts.bytes.is_none_or(|bytes| bytes == arrived) {
                fs::rename(&path, part.path()).map_err(Error::io(part.path()))?;
                return Ok(true);
            }
        }
        // A cut: what came is worth keeping.
        Err(Error::Unreachable { .. }) if landing(job, file).exists() => {}
        Err(error) => {
            // What is left is truncated by the next transfer.
            let _ = fs::remove_dir_all(job.path("hub"));
            return Err(error);
        }
    }
    adopt(job, part, file, facts)?;
    Ok(false)
}

/// Listens until the transfer is over or must be given up.
fn watch(job: &Job<'_>, listen: &Receiver<Note>, meter: &mut Meter<'_>) -> Result<PathBuf> {
    let silent = |cause: &str| Error::Unreachable { spec: job.spec.to_string(), cause: cause.to_owned() };
    loop {
        match listen.recv_timeout(job.config.limits.idle) {
            Ok(Note::At(bytes)) if bytes > job.limit => return Err(job.too_large(job.limit)),
            Ok(Note::At(bytes)) => meter.at(bytes),
            Ok(Note::Done(outcome)) => return outcome.map_err(|error| client::told(job, error)),
            Err(RecvTimeoutError::Timeout) => return Err(silent("no answer in time")),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(silent("the transfer ended without an answer"));
            }
        }
    }
}

/// Runs hf-hub on a thread of its own, so that a silent one can be left behind.
fn start(job: &Job<'_>, file: &HubFile<'_>, notes: Sender<Note>, cancelled: Arc<AtomicBool>) -> Result<()> {
    let download = job.client.download(job, file, Listener { notes: notes.clone(), cancelled })?;
    let run = move || {
        if let Ok(outcome) = catch_unwind(AssertUnwindSafe(download)) {
            // Nobody listens any more: the result is of no use.
            let _ = notes.send(Note::Done(outcome));
        }
    };
    let thread = thread::Builder::new().name("biotope-hub-transfer".to_owned()).spawn(run);
    thread.map(drop).map_err(Error::io(&job.folder))
}
