//! What was set aside, and why: JSON lines that a person can read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Lines, Write};
use std::path::{Path, PathBuf};

use biotope_core::{Document, RecordId, Trace};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::step::Reason;
use crate::{Error, Result, Workplace};

/// How the names of unfinished files begin.
const UNFINISHED: &str = ".tmp";

/// How the name of the file beside the entries ends that says what they belong to.
const NOTE: &str = "made.json";

/// What a stage made while it set these entries aside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Content digest of the dataset.
    pub digest: String,
    /// Content digest of the dataset that it was made of, if it was made of one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<String>,
}

/// One record that was set aside. It carries no text: the source still has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// Record id, if it got as far as having one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<RecordId>,
    /// Where it came from.
    pub source: String,
    /// Line or row in the source, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u64>,
    /// Representative of its near-duplicate cluster, if it was set aside as a duplicate.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<RecordId>,
    /// Which step or stage said so.
    pub step: String,
    /// Why.
    pub why: String,
    /// Its label, if it had one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub label: Option<String>,
    /// What the steps before had done.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub trail: Vec<Trace>,
}

impl SetAside {
    /// A document that a step or stage dropped.
    pub fn document(doc: Document, reason: Reason) -> Self {
        let (id, source, label, trail) = (Some(doc.id), doc.source, doc.label, doc.trail);
        Self { id, source, label, trail, step: reason.step, why: reason.why, ..Self::default() }
    }

    /// A record that is no document.
    pub fn record(source: impl Into<String>, line: Option<u64>, reason: Reason) -> Self {
        Self { source: source.into(), line, step: reason.step, why: reason.why, ..Self::default() }
    }
}

/// The quarantine of one stage of one dataset, while it is filled. It replaces the former one only when
/// [`Quarantine::finish`] is called.
#[derive(Debug)]
pub struct Quarantine {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    counts: BTreeMap<String, u64>,
    workplace: Workplace,
}

impl Quarantine {
    /// Starts `<folder>/<stage>.jsonl`.
    pub fn create(folder: &Path, stage: &str) -> Result<Self> {
        let workplace = Workplace::enter(folder, |name| name.starts_with(UNFINISHED))?;
        let file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder);
        let file = BufWriter::new(file.map_err(Error::io("write in", folder))?);
        let path = folder.join(format!("{stage}.jsonl"));
        Ok(Self { path, file, counts: BTreeMap::new(), workplace })
    }

    /// Sets one aside.
    pub fn add(&mut self, entry: &SetAside) -> Result<()> {
        *self.counts.entry(entry.step.clone()).or_default() += 1;
        let written = serde_json::to_writer(&mut self.file, entry).map_err(std::io::Error::from);
        written.and_then(|()| self.file.write_all(b"\n")).map_err(Error::io("write", &self.path))
    }

    /// How many were set aside so far, by step.
    pub fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    /// Puts it in place of the former one; returns the counts by step. `made` says which content it belongs to.
    pub fn finish(self, made: &Made) -> Result<BTreeMap<String, u64>> {
        let Self { path, file, counts, workplace: _workplace } = self;
        let file = file.into_inner().map_err(|error| Error::io("write", &path)(error.into_error()))?;
        // The note goes first and comes last: entries without one belong to nothing that is known.
        let note = path.with_extension(NOTE);
        match std::fs::remove_file(&note) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::io("remove", &note)(error));
            }
            _ => {}
        }
        file.persist(&path).map_err(|error| Error::io("write", &path)(error.error))?;
        if *made != Made::default() {
            crate::atomic::write(&note, &serde_json::to_vec(made).expect("plain data"))?;
        }
        Ok(counts)
    }

    /// Reads all stages of a folder, in the order of their file names.
    pub fn read(folder: &Path) -> Result<Vec<SetAside>> {
        Self::entries(folder)?.collect()
    }

    /// As [`Quarantine::read`], one entry at a time.
    pub fn entries(folder: &Path) -> Result<Entries> {
        let mut stages: Vec<PathBuf> = match std::fs::read_dir(folder) {
            Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Error::io("read", folder)(error)),
        };
        stages.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        stages.sort();
        Ok(Entries { stages: stages.into_iter(), current: None })
    }

    /// The entries of the curation that made a content, and of the collection that it was made of; `None` if the
    /// quarantine is that of another.
    pub fn of(folder: &Path, digest: &str) -> Result<Option<Entries>> {
        let Some(curated) = note(folder, "curate")?.filter(|made| made.digest == digest) else {
            return Ok(None);
        };
        let collected = note(folder, "collect")?.map(|made| made.digest);
        let mut stages = vec![folder.join("curate.jsonl")];
        if collected.is_some() && collected == curated.from {
            stages.insert(0, folder.join("collect.jsonl"));
        }
        Ok(Some(Entries { stages: stages.into_iter(), current: None }))
    }
}

fn note(folder: &Path, stage: &str) -> Result<Option<Made>> {
    let path = folder.join(stage).with_extension(NOTE);
    match std::fs::read_to_string(&path) {
        // Damaged, it says as much as none.
        Ok(text) => Ok(serde_json::from_str(&text).ok()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", &path)(error)),
    }
}

/// Entries of quarantine files, one at a time.
#[derive(Debug)]
pub struct Entries {
    stages: std::vec::IntoIter<PathBuf>,
    current: Option<(PathBuf, Lines<BufReader<File>>)>,
}

impl Iterator for Entries {
    type Item = Result<SetAside>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((path, lines)) = &mut self.current
                && let Some(line) = lines.next()
            {
                return Some(entry(path, line));
            }
            let path = self.stages.next()?;
            match File::open(&path) {
                Ok(file) => self.current = Some((path, BufReader::new(file).lines())),
                Err(error) => return Some(Err(Error::io("read", &path)(error))),
            }
        }
    }
}

fn entry(path: &Path, line: std::io::Result<String>) -> Result<SetAside> {
    let line = line.map_err(Error::io("read", path))?;
    serde_json::from_str(&line).map_err(|error| Error::Format {
        path: path.to_owned(),
        expected: "quarantine file",
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_former_one_stays_until_the_new_one_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let entry = |why: &str| SetAside::record("file:a.csv", Some(3), Reason::new("csv", why));
        let mut first = Quarantine::create(folder.path(), "collect").unwrap();
        first.add(&entry("坏行")).unwrap();
        let made = Made { digest: "d".into(), from: None };
        assert_eq!(first.finish(&made).unwrap()["csv"], 1);
        let mut second = Quarantine::create(folder.path(), "collect").unwrap();
        second.add(&entry("other")).unwrap();
        drop(second);
        assert_eq!(Quarantine::read(folder.path()).unwrap(), [entry("坏行")]);
    }

    #[test]
    fn entries_belong_to_the_content_that_was_made_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |stage: &str, why: &str, digest: &str, from: Option<&str>| {
            let mut quarantine = Quarantine::create(folder.path(), stage).unwrap();
            quarantine.add(&SetAside::record("s", None, Reason::new(stage, why))).unwrap();
            let made = Made { digest: digest.into(), from: from.map(str::to_owned) };
            quarantine.finish(&made).unwrap();
        };
        let of = |digest: &str| {
            let entries = Quarantine::of(folder.path(), digest).unwrap();
            entries.map(|entries| entries.map(|entry| entry.unwrap().why).collect::<Vec<_>>())
        };
        assert_eq!(of("d"), None);
        write("collect", "a", "raw", None);
        write("curate", "b", "d", Some("raw"));
        assert_eq!((of("d"), of("other")), (Some(vec!["a".to_owned(), "b".to_owned()]), None));
        // Collected anew, and not curated since.
        write("collect", "c", "raw 2", None);
        assert_eq!(of("d"), Some(vec!["b".to_owned()]));
    }
}
