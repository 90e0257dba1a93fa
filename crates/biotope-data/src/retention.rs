//! Old versions of a dataset: which stay, and clearing away the files of the others.
//!
//! The log is left alone, so the history goes on telling of every version; one whose files are gone cannot be opened
//! any more and says so. (Delta's own vacuum goes by age and writes versions of its own; here versions are counted.)

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::table::log;
use crate::{Dataset, Error, Result};

/// What [`Dataset::clear_old_versions`] removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    /// Versions that can no longer be opened, ascending.
    pub versions: Vec<u64>,
    /// Files that were removed.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Dataset {
    /// Removes the files of versions that are neither this one or newer, nor among the `keep` versions up to this one,
    /// nor `needed`. A file that any remaining version names stays. With `keep` 0 nothing is removed.
    pub fn clear_old_versions(&self, keep: usize, needed: &BTreeSet<u64>) -> Result<Cleared> {
        let mut versions = log::versions(self.path())?;
        let newer = versions.iter().filter(|version| **version > self.version()).count();
        let old = versions.len().saturating_sub(keep.max(1) + newer);
        if keep == 0 {
            return Ok(Cleared::default());
        }
        let mut kept = versions.split_off(old);
        let (more, gone): (Vec<u64>, Vec<u64>) = versions.into_iter().partition(|v| needed.contains(v));
        kept.extend(more);
        let mut named = BTreeSet::new();
        for version in kept {
            named.extend(self.files_of(version)?);
        }
        let mut cleared = Cleared::default();
        for version in gone {
            let files = log::added(self.path(), version)?;
            let had = cleared.files;
            for name in files.into_iter().filter(|name| !named.contains(name)) {
                remove(&self.path().join(name), &mut cleared)?;
            }
            cleared.versions.extend((cleared.files > had).then_some(version));
        }
        Ok(cleared)
    }

    /// Names of the files that hold a version, if they are still there to be asked for.
    fn files_of(&self, version: u64) -> Result<Vec<String>> {
        let dataset = match Self::open_at(self.path(), version) {
            Err(Error::Cleared { .. }) => return Ok(Vec::new()),
            dataset => dataset?,
        };
        let name = |path: &std::path::PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
        Ok(dataset.files().iter().filter_map(name).collect())
    }
}

fn remove(path: &Path, cleared: &mut Cleared) -> Result<()> {
    let bytes = match std::fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    std::fs::remove_file(path).map_err(Error::io("remove", path))?;
    (cleared.files, cleared.bytes) = (cleared.files + 1, cleared.bytes + bytes);
    Ok(())
}
