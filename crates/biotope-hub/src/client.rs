//! Package clients as child processes: found on the `PATH`, watched, bounded, silent.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::meter::Meter;
use crate::sources::Job;

/// How often a running client is looked after.
const LOOK: Duration = Duration::from_millis(25);

/// A client that was found and answers.
#[derive(Debug)]
pub(crate) struct Client {
    program: PathBuf,
    lead: &'static [&'static str],
}

impl Client {
    /// The first of `candidates` (program, then arguments that lead to the client) that answers to `--version`.
    pub(crate) fn find(search_path: &OsStr, candidates: &[(&str, &'static [&'static str])]) -> Option<Self> {
        candidates.iter().find_map(|(program, lead)| {
            let client = Self { program: locate(search_path, program)?, lead };
            let mut version = client.command(search_path);
            version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
            // A shim may stand on the path without the program behind it.
            version.status().is_ok_and(|status| status.success()).then_some(client)
        })
    }

    /// A command that reads no input and does not see the hub's token.
    pub(crate) fn command(&self, search_path: &OsStr) -> Command {
        let mut command = Command::new(&self.program);
        command.args(self.lead).stdin(Stdio::null()).env("PATH", search_path);
        command.env_remove("HF_TOKEN").env_remove("HUGGING_FACE_HUB_TOKEN");
        command
    }
}

fn locate(search_path: &OsStr, program: &str) -> Option<PathBuf> {
    let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd"] } else { &[""] };
    std::env::split_paths(search_path)
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| endings.iter().map(move |ending| folder.join(format!("{program}{ending}"))))
        .find(|path| path.is_file())
}

/// Runs a client until it ends, runs too long, or fills its working folder beyond the limit for packages.
pub(crate) fn run(job: &Job<'_>, name: &str, mut command: Command, meter: &mut Meter<'_>) -> Result<()> {
    let log = job.path("client.log");
    let output = File::create(&log).map_err(Error::io(&log))?;
    let errors = output.try_clone().map_err(Error::io(&log))?;
    let child = command.stdout(output).stderr(errors).spawn();
    let mut child = child.map_err(|error| failed(job, name, &error.to_string()))?;
    let status = match watch(job, &mut child, meter) {
        Ok(status) => status,
        Err(error) => {
            // It has ended, or ends now; either way nothing is left to wait for.
            let _ = child.kill();
            let _ = child.wait();
            return Err(error(name));
        }
    };
    if status.success() {
        return Ok(());
    }
    let said = fs::read(&log).unwrap_or_default();
    let said = String::from_utf8_lossy(&said[said.len().saturating_sub(4000)..]).into_owned();
    let said = if said.trim().is_empty() { status.to_string() } else { said };
    Err(failed(job, name, &said))
}

type Complaint<'a> = Box<dyn FnOnce(&str) -> Error + 'a>;

fn watch<'a>(
    job: &'a Job<'_>,
    child: &mut Child,
    meter: &mut Meter<'_>,
) -> std::result::Result<ExitStatus, Complaint<'a>> {
    let limits = job.config.limits;
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            Err(error) => return Err(Box::new(move |name| failed(job, name, &error.to_string()))),
        }
        let bytes = weight(&job.folder);
        meter.at(bytes);
        if bytes > limits.package_bytes {
            return Err(Box::new(move |_| job.too_large(limits.package_bytes)));
        }
        if begun.elapsed() > limits.client {
            let said = format!("still at work after {} s", limits.client.as_secs_f32());
            return Err(Box::new(move |name| failed(job, name, &said)));
        }
        std::thread::sleep(LOOK);
    }
}

/// An error with what the client said.
pub(crate) fn failed(job: &Job<'_>, name: &str, said: &str) -> Error {
    Error::ClientFailed { spec: job.spec.to_string(), client: name.to_owned(), message: job.scrub(said) }
}

/// Bytes of all files below a folder that is being written to.
fn weight(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => weight(&entry.path()),
            Ok(kind) if kind.is_file() => entry.metadata().map_or(0, |meta| meta.len()),
            _ => 0,
        })
        .sum()
}
