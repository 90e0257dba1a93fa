//! Sketches that are kept beside a dataset version, so that new documents are held against it without reading it again.
//!
//! One file, `<dataset>/_sketches/<digest of the version>`; the underscore hides it from engines that read the folder. It
//! holds, per row and in the order of the rows, what the search for duplicates and the split must know: about 8 bytes per
//! distinct shingle, some 2 kB for an article. A file that is missing, of another configuration or cut short is made again
//! from the rows.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use biotope_core::RecordId;
use serde::{Deserialize, Serialize};

use crate::split::Split;
use crate::table::part::unfinished;
use crate::{Error, Result};

/// Folder of the files, in that of the dataset.
const FOLDER: &str = "_sketches";
/// First line of a file.
const MAGIC: &[u8; 20] = b"biotope sketches 1 \n";
/// Largest head and largest number of shingles that are believed.
const MOST: usize = 16 << 20;

/// What must be known of a row of a former version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FormerRow {
    pub(crate) id: RecordId,
    pub(crate) source: String,
    pub(crate) label: Option<String>,
    pub(crate) published: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) split: Split,
    pub(crate) exact: [u8; 16],
    /// Hashes of the distinct shingles, ascending. Written apart from the rest.
    #[serde(skip)]
    pub(crate) shingles: Vec<u64>,
}

/// What sketches depend on; those of another origin are of no use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) shingle: usize,
    pub(crate) group: String,
    pub(crate) rows: u64,
}

fn path(dataset: &Path, digest: &str) -> PathBuf {
    dataset.join(FOLDER).join(digest)
}

/// Reads the rows of a version, or nothing if they are not there or not of this origin.
pub(crate) fn read(dataset: &Path, digest: &str, origin: &Origin) -> Option<Vec<FormerRow>> {
    let file = File::open(path(dataset, digest)).ok()?;
    let mut file = BufReader::with_capacity(1 << 18, file);
    let mut magic = [0; MAGIC.len()];
    file.read_exact(&mut magic).ok().filter(|()| magic == *MAGIC)?;
    let known: Origin = serde_json::from_slice(&block(&mut file, 1)?).ok()?;
    if known != *origin {
        return None;
    }
    (0..origin.rows)
        .map(|_| {
            let mut row: FormerRow = serde_json::from_slice(&block(&mut file, 1)?).ok()?;
            let hash = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("chunks of eight"));
            row.shingles = block(&mut file, 8)?.chunks_exact(8).map(hash).collect();
            Some(row)
        })
        .collect()
}

/// A length (of units) and so many bytes.
fn block(file: &mut impl Read, unit: usize) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    file.read_exact(&mut length).ok()?;
    let length = u32::from_le_bytes(length) as usize;
    let mut bytes = Vec::new();
    file.take((length.min(MOST) * unit) as u64).read_to_end(&mut bytes).ok()?;
    (bytes.len() == length * unit).then_some(bytes)
}

/// Writes the rows of a version that is about to be committed.
pub(crate) struct Writer {
    dataset: PathBuf,
    file: BufWriter<tempfile::NamedTempFile>,
}

impl Writer {
    pub(crate) fn create(dataset: &Path, origin: &Origin) -> Result<Self> {
        let folder = dataset.join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(Error::io("make folder", &folder))?;
        // Beside the version's own unfinished files, which the next run removes if this one is killed.
        let file = unfinished(dataset).map_err(Error::io("write in", dataset))?;
        let mut writer = Self { dataset: dataset.to_owned(), file: BufWriter::with_capacity(1 << 18, file) };
        let head = serde_json::to_vec(origin).unwrap_or_default();
        writer.put(&[MAGIC, &(head.len() as u32).to_le_bytes()[..], &head].concat())?;
        Ok(writer)
    }

    pub(crate) fn push(&mut self, row: &FormerRow) -> Result<()> {
        let head = serde_json::to_vec(row).unwrap_or_default();
        let mut bytes = Vec::with_capacity(head.len() + row.shingles.len() * 8 + 8);
        bytes.extend((head.len() as u32).to_le_bytes());
        bytes.extend(&head);
        bytes.extend((row.shingles.len() as u32).to_le_bytes());
        row.shingles.iter().for_each(|hash| bytes.extend(hash.to_le_bytes()));
        self.put(&bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(Error::io("write in", &self.dataset))
    }

    /// Gives the file its name, once the version stands, and removes those of other versions.
    pub(crate) fn finish(self, digest: &str) -> Result<()> {
        let Self { dataset, file } = self;
        let target = path(&dataset, digest);
        let file = file.into_inner().map_err(|error| Error::io("write", &target)(error.into_error()))?;
        file.persist(&target).map_err(|error| Error::io("write", &target)(error.error))?;
        let folder = dataset.join(FOLDER);
        for entry in std::fs::read_dir(&folder).map_err(Error::io("read", &folder))?.flatten() {
            if entry.path() != target {
                // Somebody else may have removed it; one that stays harms nobody.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let row = |n: u8| FormerRow {
            id: RecordId::of(&[&[n]]),
            source: format!("来源{n}"),
            label: Some("grain".into()),
            published: None,
            group: None,
            split: Split::Test,
            exact: [n; 16],
            shingles: (0..u64::from(n)).collect(),
        };
        let origin = Origin { shingle: 5, group: String::new(), rows: 3 };
        let mut writer = Writer::create(folder.path(), &origin).unwrap();
        (0..3).for_each(|n| writer.push(&row(n)).unwrap());
        writer.finish("abc").unwrap();
        assert_eq!(read(folder.path(), "abc", &origin).unwrap(), [row(0), row(1), row(2)]);
        assert!(read(folder.path(), "abc", &Origin { shingle: 4, ..origin.clone() }).is_none());
        assert!(read(folder.path(), "other", &origin).is_none());
        let bytes = std::fs::read(path(folder.path(), "abc")).unwrap();
        for end in [10, 40, bytes.len() - 1] {
            std::fs::write(path(folder.path(), "abc"), &bytes[..end]).unwrap();
            assert!(read(folder.path(), "abc", &origin).is_none());
        }
    }
}
