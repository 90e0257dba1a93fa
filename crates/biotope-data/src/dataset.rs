//! The dataset: a Delta table with versions, read as a stream, replaced as a whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use biotope_core::{Document, RecordId};
use deltalake::DeltaTable;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::source::{Documents, Source};
use crate::split::Split;
use crate::table::part::Parts;
use crate::table::read::Records;
use crate::table::record::{Layout, Record, digest};
use crate::table::{self, log};
use crate::{Error, Result};

/// One version of a dataset.
///
/// Blocking: every method may wait for the disk; call it from a thread that may wait.
#[derive(Debug)]
pub struct Dataset {
    path: PathBuf,
    version: u64,
    files: Vec<PathBuf>,
}

/// One row of a curated dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The document.
    pub doc: Document,
    /// Which split it belongs to.
    pub split: Split,
    /// Id of the representative of its near-duplicate cluster; its own id if it stands alone.
    pub cluster: RecordId,
}

/// A label and how often it occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCount {
    /// The label.
    pub label: String,
    /// Rows with it, by split.
    pub rows: BTreeMap<Split, u64>,
}

/// What the history says of one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionInfo {
    /// Version number, from 0.
    pub version: u64,
    /// When it was committed, RFC 3339.
    pub committed: String,
    /// What was done, in Delta's words (`"WRITE"`).
    pub operation: String,
    /// Rows of this version.
    pub rows: Option<u64>,
    /// Content digest.
    pub digest: Option<String>,
    /// Whether its files were cleared away, so that only the history knows of it.
    pub cleared: bool,
    /// What the writer said besides (configuration, seed, counts).
    pub about: Value,
}

impl Dataset {
    /// The newest version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::load(path.as_ref(), None)
    }

    /// A given version.
    pub fn open_at(path: impl AsRef<Path>, version: u64) -> Result<Self> {
        Self::load(path.as_ref(), Some(version))
    }

    fn load(path: &Path, version: Option<u64>) -> Result<Self> {
        let table = table::load(path, version)?;
        let missing = || Error::NoDataset { path: path.to_owned(), version };
        let version = table.version().ok_or_else(missing)?;
        let files = files(path, &table)?;
        if files.iter().any(|file| !file.exists()) {
            return Err(Error::Cleared { path: path.to_owned(), version });
        }
        Ok(Self { path: path.to_owned(), version, files })
    }

    /// The Parquet files that hold this version.
    pub(crate) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Rows of each of its files, from their own footers.
    pub(crate) fn rows_by_file(&self) -> Result<Vec<u64>> {
        self.files.iter().map(|file| crate::table::read::rows(file)).collect()
    }

    /// Folder of the table.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Version number.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Digest of ids, splits, labels, titles and texts, whatever their order; no time of a run enters it.
    pub fn digest(&self) -> Result<String> {
        if let Some(digest) = self.info(self.version)?.digest {
            return Ok(digest);
        }
        content(self.files.clone())
    }

    /// The rows of one split, or of all, as a stream.
    ///
    /// A dataset that was collected but not curated has no rows; see [`Dataset::documents`].
    pub fn rows<S: Into<Option<Split>>>(
        &self,
        split: S,
    ) -> impl Iterator<Item = Result<Row>> + Send + use<S> {
        let (wanted, path): (Option<Split>, _) = (split.into(), self.path.clone());
        let row = move |record: Record| {
            if let Some((split, cluster)) = record.place {
                return Ok(Row { doc: record.doc, split, cluster });
            }
            let why = "it was collected but not curated".to_owned();
            Err(Error::Format { path: path.clone(), expected: "curated dataset", why })
        };
        let rows = self.records().map(move |record| record.and_then(&row));
        rows.filter(move |row| wanted.is_none_or(|split| row.as_ref().map_or(true, |row| row.split == split)))
    }

    /// Number of rows, from the log or by counting.
    pub fn len(&self) -> Result<u64> {
        match self.info(self.version)?.rows {
            Some(rows) => Ok(rows),
            None => self.records().try_fold(0, |count, record| record.map(|_| count + 1)),
        }
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> Result<bool> {
        self.len().map(|rows| rows == 0)
    }

    /// Its labels, sorted, with how often each occurs in each split.
    pub fn labels(&self) -> Result<Vec<LabelCount>> {
        let mut counts: BTreeMap<String, BTreeMap<Split, u64>> = BTreeMap::new();
        for row in self.rows(None) {
            let row = row?;
            if let Some(label) = row.doc.label {
                *counts.entry(label).or_default().entry(row.split).or_default() += 1;
            }
        }
        Ok(counts.into_iter().map(|(label, rows)| LabelCount { label, rows }).collect())
    }

    /// All versions of the table, newest first.
    pub fn history(&self) -> Result<Vec<VersionInfo>> {
        log::versions(&self.path)?.into_iter().rev().map(|version| self.info(version)).collect()
    }

    /// What the writer of this version said besides (configuration, seed, counts).
    pub fn about(&self) -> Result<Value> {
        Ok(self.info(self.version)?.about)
    }

    pub(crate) fn info(&self, version: u64) -> Result<VersionInfo> {
        let (millis, operation, mut about) = log::commit_info(&self.path, version)?;
        let committed = jiff::Timestamp::from_millisecond(millis).unwrap_or_default().to_string();
        let digest = about["digest"].as_str().map(str::to_owned);
        let rows = about["rows"].as_u64();
        let about = about.get_mut("about").map(Value::take).unwrap_or_default();
        let cleared = log::added(&self.path, version)?.iter().any(|name| !self.path.join(name).exists());
        Ok(VersionInfo { version, committed, operation, rows, digest, cleared, about })
    }

    fn records(&self) -> Records {
        Records::new(self.files.clone())
    }
}

impl Source for Dataset {
    fn documents(&self) -> Result<Documents<'_>> {
        Ok(Box::new(self.records().map(|record| record.map(|record| record.doc))))
    }

    fn digest(&self) -> Option<String> {
        Self::digest(self).ok()
    }

    fn describe(&self) -> String {
        format!("{} version {}", self.path.display(), self.version)
    }
}

fn files(path: &Path, table: &DeltaTable) -> Result<Vec<PathBuf>> {
    table::check_whole(path, table)?;
    let snapshot = table.snapshot().map_err(Error::table(path))?;
    let mut names: Vec<String> =
        snapshot.log_data().iter().map(|file| file.object_store_path().to_string()).collect();
    names.sort();
    Ok(names.into_iter().map(|name| path.join(name)).collect())
}

/// Content digest of the rows of files.
pub(crate) fn content(files: Vec<PathBuf>) -> Result<String> {
    let mut rows = Records::new(files).map(|record| Ok(digest(&record?))).collect::<Result<Vec<_>>>()?;
    Ok(combine(&mut rows))
}

fn combine(rows: &mut [[u8; 32]]) -> String {
    rows.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for row in rows {
        hasher.update(row);
    }
    hasher.finalize().to_hex().to_string()
}

/// Writes a new version. Nobody sees it before [`Writer::commit`]; dropped without, it leaves nothing.
pub struct Writer {
    path: PathBuf,
    layout: Layout,
    parts: Parts,
    digests: Vec<[u8; 32]>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("path", &self.path)
            .field("rows", &self.digests.len())
            .finish_non_exhaustive()
    }
}

impl Writer {
    /// A new version of a curated dataset.
    pub fn curated(path: impl AsRef<Path>) -> Result<Self> {
        Self::create(path.as_ref(), Layout::Curated)
    }

    /// A new version of a collected dataset.
    pub fn raw(path: impl AsRef<Path>) -> Result<Self> {
        Self::create(path.as_ref(), Layout::Raw)
    }

    fn create(path: &Path, layout: Layout) -> Result<Self> {
        let parts = Parts::create(path, layout)?;
        Ok(Self { path: path.to_owned(), layout, parts, digests: Vec::new() })
    }

    /// Adds a row to a curated dataset.
    pub fn push(&mut self, row: Row) -> Result<()> {
        assert_eq!(self.layout, Layout::Curated, "rows go into a writer made by Writer::curated");
        self.add(Record { doc: row.doc, place: Some((row.split, row.cluster)) })
    }

    /// Adds a document to a collected dataset.
    pub fn push_raw(&mut self, doc: Document) -> Result<()> {
        assert_eq!(self.layout, Layout::Raw, "documents go into a writer made by Writer::raw");
        self.add(Record { doc, place: None })
    }

    fn add(&mut self, record: Record) -> Result<()> {
        self.digests.push(digest(&record));
        self.parts.push(record)
    }

    /// Content digest of the rows so far.
    pub fn digest(&mut self) -> String {
        combine(&mut self.digests)
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.digests.len() as u64
    }

    /// Makes what was pushed the newest version, in one atomic commit that replaces the former content. `about` is
    /// kept in the history. If the newest version has the same digest, nothing is written.
    pub fn commit(mut self, about: Value) -> Result<Committed> {
        let rows = self.rows();
        let digest = combine(&mut self.digests);
        let finished = self.parts.finish()?;
        if let Ok(last) = Dataset::open(&self.path)
            && last.info(last.version)?.digest.as_ref() == Some(&digest)
        {
            return Ok(Committed { version: last.version, digest, rows, written: false });
        }
        let mut info = json!({ "digest": digest, "rows": rows });
        info["about"] = about;
        // After an error the commit may or may not stand, so its files stay: unnamed in the log they harm nobody.
        let version = log::replace(&self.path, self.layout, finished.name(&digest)?, info)?;
        Ok(Committed { version, digest, rows, written: true })
    }
}

/// What [`Writer::commit`] did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// The version that now is the newest.
    pub version: u64,
    /// Its content digest.
    pub digest: String,
    /// Its rows.
    pub rows: u64,
    /// Whether it is new: false if it says the same as the former.
    pub written: bool,
}
