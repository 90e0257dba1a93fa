//! Events as JSON lines: `events.jsonl`.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::{Callback, Error, Event, Flow, Result};

/// Appends every event as one line of JSON. After a resume the file is that of an undisturbed run, but for times.
#[derive(Debug)]
pub struct EventsFile {
    path: PathBuf,
    file: File,
    len: u64,
}

impl EventsFile {
    /// Opens the file and cuts it to its first `len` bytes: what came after the checkpoint will happen again.
    pub fn open(path: &Path, len: u64) -> Result<Self> {
        let mut options = OpenOptions::new();
        let mut file =
            options.create(true).write(true).truncate(false).open(path).map_err(Error::io(path))?;
        let found = file.metadata().map_err(Error::io(path))?.len();
        if found < len {
            return Err(Error::corrupted(
                path,
                format!("it has {found} bytes, the checkpoint knows of {len}"),
            ));
        }
        file.set_len(len).map_err(Error::io(path))?;
        file.seek(SeekFrom::Start(len)).map_err(Error::io(path))?;
        Ok(Self { path: path.to_owned(), file, len })
    }

    /// Bytes so far.
    #[expect(clippy::len_without_is_empty, reason = "a length in bytes of a file, not of a collection")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Waits until the disk has it.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(Error::io(&self.path))
    }
}

impl Callback for EventsFile {
    fn on(&mut self, event: &Event) -> Result<Flow> {
        if matches!(event, Event::RunStarted { step: 1.., .. }) {
            return Ok(Flow::Continue); // a resumed run has its first line already
        }
        let mut line = serde_json::to_vec(event).expect("events are plain data with text keys");
        line.push(b'\n');
        self.file.write_all(&line).map_err(Error::io(&self.path))?;
        self.len += line.len() as u64;
        Ok(Flow::Continue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, event};

    fn saved(step: u64) -> Event {
        Event::Saved { step, kind: Kind::Last, seconds: 0.5 }
    }

    #[test]
    fn it_is_cut_back_and_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.jsonl");
        let mut file = EventsFile::open(&path, 0).unwrap();
        file.on(&saved(1)).unwrap();
        let len = file.len();
        file.on(&saved(2)).unwrap();
        let mut file = EventsFile::open(&path, len).unwrap();
        file.on(&saved(3)).unwrap();
        assert_eq!(event::read(&path).unwrap(), [saved(1), saved(3)]);
        let line = "{\"event\":\"saved\",\"step\":1,\"kind\":\"last\",\"seconds\":0.5}\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().next(), line.lines().next());
        let error = EventsFile::open(&path, 10_000).unwrap_err().to_string();
        assert!(error.ends_with("the checkpoint knows of 10000"), "{error}");
    }
}
