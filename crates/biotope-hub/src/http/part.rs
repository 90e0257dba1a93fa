//! A file that grows over several requests, and over several runs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// A file that grows: its bytes, and the validator that they belong to.
pub(crate) struct Part {
    data: PathBuf,
    validator: PathBuf,
}

impl Part {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { data: folder.join("data"), validator: folder.join("validator") }
    }

    /// The file of the bytes.
    pub(crate) fn path(&self) -> &Path {
        &self.data
    }

    /// How many bytes are there.
    pub(crate) fn len(&self) -> u64 {
        fs::metadata(&self.data).map_or(0, |meta| meta.len())
    }

    /// What the bytes belong to: an `ETag`, or a commit of the hub.
    pub(crate) fn validator(&self) -> Option<String> {
        fs::read_to_string(&self.validator).ok().filter(|text| !text.is_empty())
    }

    /// Starts over, for bytes that belong to `validator`.
    pub(crate) fn restart(&self, validator: Option<&str>) -> Result<()> {
        match fs::remove_file(&self.data) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io(&self.data)(error));
            }
            _ => {}
        }
        fs::write(&self.validator, validator.unwrap_or_default()).map_err(Error::io(&self.validator))
    }

    /// The file of the bytes, to write at its end.
    pub(super) fn append(&self) -> Result<File> {
        File::options().create(true).append(true).open(&self.data).map_err(Error::io(&self.data))
    }
}
