//! What was asked and answered, on disk: an append-only log beside a pack of bodies.
//!
//! A crawl is a function of its settings and of the answers, so the answers are all that must outlive a kill: the next
//! run walks the same way again and asks only what is not in the log. A finished run is remembered until the next one is
//! finished: its `ETag`s and dates go along with the questions, and `304 Not Modified` takes the body from its pack.
//!
//! ```text
//! <store>/crawls/NAME/KEY/000003.log    one JSON object a line: the settings, answers, and "settled" at the end
//! <store>/crawls/NAME/KEY/000003.pack   bodies, deflated, one behind the other
//! ```

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use biotope_core::RecordId;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// So many answers are on the disk for certain, whatever happens to the machine, at the latest.
const SYNC_EVERY: usize = 64;

/// What a server said of an address, once and for all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// A body.
    Page(Head),
    /// Another address.
    Moved(url::Url),
    /// No body, and why.
    None(String),
}

/// A body's description.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Head {
    /// Status code.
    pub(crate) status: u16,
    /// `Content-Type`, lower-case.
    pub(crate) kind: String,
    /// `ETag`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) etag: Option<String>,
    /// `Last-Modified`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) modified: Option<String>,
    /// When the body came, RFC 3339.
    pub(crate) fetched: String,
    /// When the server last said that it still holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) checked: Option<String>,
    /// Where in the pack it begins, and how many bytes it takes there and takes unpacked.
    pub(super) at: u64,
    pub(super) packed: u64,
    pub(super) size: u64,
    pub(super) digest: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "nearly every line is an answer")]
enum Line {
    Settings(String),
    Answer(url::Url, Answer),
    Settled(bool),
}

/// One run's files, with where each answer's line begins.
struct Run {
    log: PathBuf,
    lines: Mutex<File>,
    pack: Mutex<File>,
    index: HashMap<RecordId, u64>,
    settings: Option<String>,
    settled: bool,
    /// Length of the log as far as it is whole.
    length: u64,
}

impl Run {
    fn open(folder: &Path, number: u64) -> Result<Self> {
        let [log, pack] = ["log", "pack"].map(|kind| folder.join(format!("{number:06}.{kind}")));
        let open = |path: &Path| {
            let file = OpenOptions::new().create(true).read(true).append(true).open(path);
            file.map_err(Error::io("write", path))
        };
        let (lines, pack) = (Mutex::new(open(&log)?), Mutex::new(open(&pack)?));
        let (index, settings) = (HashMap::new(), None);
        let mut run = Self { log, lines, pack, index, settings, settled: false, length: 0 };
        run.read()?;
        Ok(run)
    }

    /// Reads the log as far as it is whole; what a kill left half-written is cut off.
    fn read(&mut self) -> Result<()> {
        let file = File::open(&self.log).map_err(Error::io("read", &self.log))?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            reader.read_until(b'\n', &mut line).map_err(Error::io("read", &self.log))?;
            match serde_json::from_slice(&line) {
                _ if line.last() != Some(&b'\n') => break,
                Ok(Line::Settings(settings)) => self.settings = Some(settings),
                Ok(Line::Answer(url, _)) => drop(self.index.insert(key(&url), self.length)),
                Ok(Line::Settled(settled)) => self.settled = settled,
                Err(_) => break,
            }
            self.length += line.len() as u64;
        }
        let log = self.lines.get_mut().unwrap_or_else(PoisonError::into_inner);
        log.set_len(self.length).map_err(Error::io("write", &self.log))
    }

    fn answer(&self, url: &url::Url) -> Option<Answer> {
        let at = *self.index.get(&key(url))?;
        let mut file = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut line = Vec::new();
        BufReader::new(&mut *file).read_until(b'\n', &mut line).ok()?;
        match serde_json::from_slice(&line).ok()? {
            Line::Answer(asked, answer) if asked == *url => Some(answer),
            _ => None,
        }
    }

    /// A body, if it is whole.
    fn body(&self, head: &Head) -> Option<Vec<u8>> {
        let mut file = self.pack.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(head.at)).ok()?;
        let mut body = Vec::new();
        let packed = (&mut *file).take(head.packed);
        DeflateDecoder::new(packed).take(head.size).read_to_end(&mut body).ok()?;
        (blake3::hash(&body).to_hex().as_str() == head.digest).then_some(body)
    }

    fn write(&mut self, line: &Line) -> Result<()> {
        let mut bytes = serde_json::to_vec(line).expect("plain data is JSON");
        bytes.push(b'\n');
        let log = self.lines.get_mut().unwrap_or_else(PoisonError::into_inner);
        log.write_all(&bytes).map_err(Error::io("write", &self.log))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Appends a deflated body, and says where it begins.
    fn pack(&mut self, deflated: &[u8]) -> Result<u64> {
        let pack = self.pack.get_mut().unwrap_or_else(PoisonError::into_inner);
        let at = pack.seek(SeekFrom::End(0)).and_then(|at| pack.write_all(deflated).map(|()| at));
        at.map_err(Error::io("write", self.log.with_extension("pack")))
    }

    fn sync(&mut self) -> Result<()> {
        for file in [&mut self.pack, &mut self.lines] {
            let file = file.get_mut().unwrap_or_else(PoisonError::into_inner);
            file.sync_data().map_err(Error::io("write", &self.log))?;
        }
        Ok(())
    }
}

/// What an address is known by.
pub(super) fn key(url: &url::Url) -> RecordId {
    RecordId::of(&[url.as_str().as_bytes()])
}

fn deflated(body: &[u8]) -> Vec<u8> {
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::fast());
    deflated.write_all(body).and_then(|()| deflated.finish()).expect("memory takes every byte")
}

/// The journal of one crawl: the run under way and the one before.
pub(crate) struct Journal {
    run: Mutex<Run>,
    former: Option<Run>,
    _lock: File,
}

impl Journal {
    /// Opens the journal in a folder, for this process alone. Answers of an unfinished run count if it had the same
    /// `settings`; otherwise, and if it was finished, a new run begins.
    pub(crate) fn open(folder: &Path, settings: &str) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::io("make folder", folder))?;
        let lock = lock(folder)?;
        let numbers = numbers(folder)?;
        let newest = numbers.last().map(|number| Run::open(folder, *number)).transpose()?;
        let (run, former) = match newest {
            Some(run) if !run.settled && run.settings.as_deref().is_none_or(|known| known == settings) => {
                let before = numbers.iter().rev().nth(1);
                (run, before.map(|number| Run::open(folder, *number)).transpose()?)
            }
            Some(run) => (Run::open(folder, numbers.last().copied().unwrap_or(0) + 1)?, Some(run)),
            None => (Run::open(folder, 1)?, None),
        };
        let mut run = run;
        if run.settings.is_none() {
            run.write(&Line::Settings(settings.to_owned()))?;
        }
        Ok(Self { run: Mutex::new(run), former, _lock: lock })
    }

    /// The run's documents stand in a dataset, or there are none: earlier runs are removed, and the next one begins anew.
    /// If nobody answered (the cable was pulled), there is nothing to begin anew, and the run before stays known.
    pub(crate) fn settle(folder: &Path) -> Result<()> {
        let _lock = lock(folder)?;
        let numbers = numbers(folder)?;
        let Some((newest, older)) = numbers.split_last() else { return Ok(()) };
        let mut run = Run::open(folder, *newest)?;
        if run.index.is_empty() {
            return Ok(());
        }
        run.write(&Line::Settled(true))?;
        run.sync()?;
        for number in older {
            for kind in ["log", "pack"] {
                let path = folder.join(format!("{number:06}.{kind}"));
                fs::remove_file(&path).map_err(Error::io("remove", &path))?;
            }
        }
        Ok(())
    }

    fn run(&self) -> std::sync::MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this run was already answered. A body that is not whole any more is no answer.
    pub(crate) fn answer(&self, url: &url::Url) -> Option<Answer> {
        let run = self.run();
        let answer = run.answer(url)?;
        match &answer {
            Answer::Page(head) if run.body(head).is_none() => None,
            _ => Some(answer),
        }
    }

    /// The body and its description of the run before, if there is anything by which the server could know it again.
    pub(crate) fn former(&self, url: &url::Url) -> Option<(Head, Vec<u8>)> {
        let former = self.former.as_ref()?;
        match former.answer(url)? {
            Answer::Page(head) if head.etag.is_some() || head.modified.is_some() => {
                former.body(&head).map(|body| (head, body))
            }
            _ => None,
        }
    }

    /// Writes an answer down before anybody acts on it.
    pub(crate) fn put(&self, url: &url::Url, mut answer: Answer, body: &[u8]) -> Result<Answer> {
        let mut bytes = Vec::new();
        if let Answer::Page(head) = &mut answer {
            bytes = deflated(body);
            (head.packed, head.size) = (bytes.len() as u64, body.len() as u64);
            head.digest = blake3::hash(body).to_hex().to_string();
        }
        // All that takes long is done: the other workers wait for the writing only.
        let mut run = self.run();
        if let Answer::Page(head) = &mut answer {
            head.at = run.pack(&bytes)?;
        }
        let at = run.length;
        let line = Line::Answer(url.clone(), answer);
        run.write(&line)?;
        run.index.insert(key(url), at);
        if run.index.len().is_multiple_of(SYNC_EVERY) {
            run.sync()?;
        }
        let Line::Answer(_, answer) = line else { unreachable!("it was made two lines above") };
        Ok(answer)
    }

    /// A body of this run.
    pub(crate) fn body(&self, head: &Head) -> Option<Vec<u8>> {
        self.run().body(head)
    }
}

fn lock(folder: &Path) -> Result<File> {
    let path = folder.join(".lock");
    let open = OpenOptions::new().create(true).write(true).truncate(false).open(&path);
    let file = open.map_err(Error::io("write in", folder))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::Busy { path: folder.to_owned() }),
        // Where the file system knows no locks, none is held.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// The numbers of the runs in a folder, in order.
fn numbers(folder: &Path) -> Result<Vec<u64>> {
    let names = fs::read_dir(folder).map_err(Error::io("read", folder))?.flatten();
    let number = |name: &str| name.strip_suffix(".log")?.parse().ok();
    let mut numbers: Vec<u64> =
        names.filter_map(|entry| number(&entry.file_name().to_string_lossy())).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> url::Url {
        url::Url::parse("https://a.example/").unwrap().join(path).unwrap()
    }

    fn page(kind: &str) -> Answer {
        Answer::Page(Head { kind: kind.into(), etag: Some("\"1\"".into()), ..Head::default() })
    }

    fn body(journal: &Journal, path: &str) -> Option<Vec<u8>> {
        match journal.answer(&url(path))? {
            Answer::Page(head) => journal.body(&head),
            _ => None,
        }
    }

    #[test]
    fn what_was_answered_is_known_after_any_cut_and_what_was_half_written_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path(), "s").unwrap();
        journal.put(&url("1"), page("text/html"), "小麦".as_bytes()).unwrap();
        journal.put(&url("2"), Answer::Moved(url("3")), b"").unwrap();
        drop(journal);
        let log = folder.path().join("000001.log");
        let whole = fs::read(&log).unwrap();
        let first_two = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0 + 1;
        for cut in first_two..=whole.len() {
            fs::write(&log, &whole[..cut]).unwrap();
            let journal = Journal::open(folder.path(), "s").unwrap();
            assert_eq!(body(&journal, "1").unwrap(), "小麦".as_bytes());
            assert_eq!(journal.answer(&url("2")).is_some(), cut == whole.len());
            journal.put(&url("4"), Answer::None("status 404".into()), b"").unwrap();
            drop(journal);
            assert!(Journal::open(folder.path(), "s").unwrap().answer(&url("4")).is_some());
        }
        let pack = folder.path().join("000001.pack");
        fs::write(&pack, b"torn").unwrap();
        assert_eq!(Journal::open(folder.path(), "s").unwrap().answer(&url("1")), None);
    }

    #[test]
    fn a_settled_run_is_remembered_until_the_next_is_settled() {
        let folder = tempfile::tempdir().unwrap();
        for round in 1..4 {
            let journal = Journal::open(folder.path(), "s").unwrap();
            assert_eq!(journal.answer(&url("1")), None, "a new run asks again");
            assert_eq!(journal.former(&url("1")).is_some(), round > 1);
            journal.put(&url("1"), page("text/html"), b"x").unwrap();
            drop(journal);
            Journal::settle(folder.path()).unwrap();
            assert_eq!(numbers(folder.path()).unwrap(), [round]);
        }
    }

    #[test]
    fn a_body_without_tag_and_date_and_a_run_without_an_answer_are_no_memory() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path(), "s").unwrap();
        journal.put(&url("1"), page("text/html"), b"x").unwrap();
        journal.put(&url("2"), Answer::Page(Head::default()), b"x").unwrap();
        drop(journal);
        Journal::settle(folder.path()).unwrap();
        for _ in 0..2 {
            let journal = Journal::open(folder.path(), "s").unwrap();
            assert_eq!(journal.former(&url("1")).map(|(_, body)| body).as_deref(), Some(b"x".as_slice()));
            assert_eq!(journal.former(&url("2")), None);
            drop(journal);
            Journal::settle(folder.path()).unwrap();
        }
    }

    #[test]
    fn other_settings_begin_anew_and_two_cannot_work_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path(), "s").unwrap();
        journal.put(&url("1"), page("text/html"), b"x").unwrap();
        let error = Journal::open(folder.path(), "s").err().unwrap();
        assert!(matches!(error, Error::Busy { .. }) && error.hint().is_some());
        drop(journal);
        let other = Journal::open(folder.path(), "t").unwrap();
        assert!(other.answer(&url("1")).is_none() && other.former(&url("1")).is_some());
    }
}
