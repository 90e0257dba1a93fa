//! Where things lie on disk.

use std::path::{Path, PathBuf};

use biotope_core::Invalid;

use crate::{Error, Result, Workplace};

/// How the names of folders for one run begin.
const SCRATCH: &str = "run-";

/// A folder that holds datasets and their quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The store in that folder, which is made if need be.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        std::fs::create_dir_all(&root).map_err(Error::io("make folder", &root))?;
        Ok(Self { root })
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `<store>/datasets/NAME`: the curated dataset.
    pub fn dataset(&self, name: &str) -> Result<PathBuf> {
        Ok(self.root.join("datasets").join(checked(name)?))
    }

    /// `<store>/datasets/NAME.raw`: what was collected.
    pub fn raw(&self, name: &str) -> Result<PathBuf> {
        Ok(self.root.join("datasets").join(format!("{}.raw", checked(name)?)))
    }

    /// `<store>/quarantine/NAME`: what was set aside.
    pub fn quarantine(&self, name: &str) -> Result<PathBuf> {
        Ok(self.root.join("quarantine").join(checked(name)?))
    }

    /// `<store>/crawls/NAME`: what its sources remember between runs.
    pub fn crawls(&self, name: &str) -> Result<PathBuf> {
        Ok(self.root.join("crawls").join(checked(name)?))
    }

    /// A folder on the same disk for files that live as long as a run. Those of killed runs are removed first.
    pub(crate) fn scratch(&self) -> Result<Scratch> {
        let parent = self.root.join("tmp");
        let workplace = Workplace::enter(&parent, |name| name.starts_with(SCRATCH))?;
        let folder = tempfile::Builder::new().prefix(SCRATCH).tempdir_in(&parent);
        Ok(Scratch { folder: folder.map_err(Error::io("make folder", &parent))?, _workplace: workplace })
    }
}

/// A folder for one run, removed when the run is over.
#[derive(Debug)]
pub(crate) struct Scratch {
    // Dropped in this order: the folder is gone before the place is left.
    folder: tempfile::TempDir,
    _workplace: Workplace,
}

impl Scratch {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A name that is one plain folder.
fn checked(name: &str) -> Result<&str> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.is_empty() && !name.starts_with('.') && name.len() <= 100 && name.chars().all(plain) {
        return Ok(name);
    }
    let rule = "must be letters, digits, '-', '_' or '.', at most 100 bytes, and not begin with '.'";
    Err(Invalid::new("name", rule, format!("{name:?}")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        for bad in ["", "../x", "a/b", ".hidden", "a\0"] {
            assert!(store.dataset(bad).is_err(), "{bad:?}");
        }
        assert_eq!(store.raw("新闻").unwrap(), folder.path().join("datasets/新闻.raw"));
    }
}
