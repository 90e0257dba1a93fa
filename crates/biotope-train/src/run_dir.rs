//! The folder of a run.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, Kind, Result};

/// `events.jsonl` and `checkpoints/{best,last}/{model.safetensors, optimizer.safetensors, state.json}`
/// (`best` holds no optimizer: nobody goes on from it).
#[derive(Clone, Debug)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// Opens a folder, or makes it. What a run left there, will be resumed.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let checkpoints = path.join("checkpoints");
        fs::create_dir_all(&checkpoints).map_err(Error::io(&checkpoints))?;
        Ok(Self { path })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The events file.
    pub fn events(&self) -> PathBuf {
        self.path.join("events.jsonl")
    }

    /// The folder of a checkpoint.
    pub fn checkpoint(&self, kind: Kind) -> PathBuf {
        self.path.join("checkpoints").join(match kind {
            Kind::Best => "best",
            Kind::Last => "last",
        })
    }

    /// Forgets the run, so that the next one starts from the beginning.
    pub fn clear(&self) -> Result<()> {
        let checkpoints = self.path.join("checkpoints");
        fs::remove_dir_all(&checkpoints).map_err(Error::io(&checkpoints))?;
        fs::create_dir_all(&checkpoints).map_err(Error::io(&checkpoints))?;
        fs::write(self.events(), "").map_err(Error::io(&self.events()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = RunDir::open(file.join("run")).unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("{}", file.join("run/checkpoints").display())),
            "{error}"
        );
        assert_eq!(error.hint().unwrap(), "is the folder writable, and is there space left?");
    }
}
