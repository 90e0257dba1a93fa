//! One process, waited for no longer than is sensible.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often the end is looked for: rarely enough that looking does not disturb what is timed.
const PAUSE: Duration = Duration::from_millis(100);

/// What a process said.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end, or kills it when `limit` has passed.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<Done> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let name = command.get_program().display().to_string();
    let mut child = command.spawn().with_context(|| format!("could not start {name}"))?;
    let (stdout, stderr) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let status = wait(&mut child, limit)?;
    let text = |thread: JoinHandle<String>| thread.join().unwrap_or_default();
    Ok(Done { status, stdout: text(stdout), stderr: text(stderr) })
}

fn wait(child: &mut Child, limit: Duration) -> Result<ExitStatus> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if begun.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            bail!("not done after {} s", limit.as_secs())
        }
        thread::sleep(PAUSE);
    }
}

/// Reads a pipe to its end beside the waiting, so that a full pipe stops nobody.
fn reader(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error still tells what happened.
        let _read = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Result<Done> {
        run(Command::new("sh").args(["-c", script]), limit)
    }

    #[test]
    fn both_streams_and_the_status_come_back() {
        let done = shell("echo out; echo err >&2; exit 3", Duration::from_mins(1)).unwrap();
        assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("out\n", "err\n"));
        assert_eq!(done.status.code(), Some(3));
    }

    #[test]
    fn who_does_not_end_is_ended() {
        let error = shell("exec sleep 60", Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "not done after 0 s");
        let error = run(&mut Command::new("no-such-program-here"), Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "could not start no-such-program-here");
    }
}
