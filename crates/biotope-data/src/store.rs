//! Where things lie on disk.

use std::path::{Path, PathBuf};

use biotope_core::Invalid;

use crate::{Error, Result};

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

    /// A folder on the same disk for files that live as long as a run.
    pub(crate) fn scratch(&self) -> Result<tempfile::TempDir> {
        let parent = self.root.join("tmp");
        std::fs::create_dir_all(&parent).map_err(Error::io("make folder", &parent))?;
        tempfile::Builder::new().prefix("run-").tempdir_in(&parent).map_err(Error::io("make folder", &parent))
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
