//! What was set aside, and why: JSON lines that a person can read.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use biotope_core::{Document, RecordId, Trace};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::step::Reason;
use crate::{Error, Result, Workplace};

/// How the names of unfinished files begin.
const UNFINISHED: &str = ".tmp";

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

    /// Puts it in place of the former one; returns the counts by step.
    pub fn finish(self) -> Result<BTreeMap<String, u64>> {
        let Self { path, file, counts, workplace: _workplace } = self;
        let file = file.into_inner().map_err(|error| Error::io("write", &path)(error.into_error()))?;
        file.persist(&path).map_err(|error| Error::io("write", &path)(error.error))?;
        Ok(counts)
    }

    /// Reads all stages of a folder, in the order of their file names.
    pub fn read(folder: &Path) -> Result<Vec<SetAside>> {
        let mut stages: Vec<PathBuf> = match std::fs::read_dir(folder) {
            Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("read", folder)(error)),
        };
        stages.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        stages.sort();
        stages.iter().map(|path| read_stage(path)).collect::<Result<Vec<_>>>().map(|all| all.concat())
    }
}

fn read_stage(path: &Path) -> Result<Vec<SetAside>> {
    let file = std::fs::File::open(path).map_err(Error::io("read", path))?;
    let entries = BufReader::new(file).lines().map(|line| {
        let line = line.map_err(Error::io("read", path))?;
        serde_json::from_str(&line).map_err(|error| Error::Format {
            path: path.to_owned(),
            expected: "quarantine file",
            why: error.to_string(),
        })
    });
    entries.collect()
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
        assert_eq!(first.finish().unwrap()["csv"], 1);
        let mut second = Quarantine::create(folder.path(), "collect").unwrap();
        second.add(&entry("other")).unwrap();
        drop(second);
        assert_eq!(Quarantine::read(folder.path()).unwrap(), [entry("坏行")]);
    }
}
