//! What a stage left behind, and from which inputs: `<store>/stages/NAME/STAGE.json`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The inputs' digest and what came out of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamp<T> {
    /// Digest of everything that the result depends on.
    pub key: String,
    /// The result.
    pub output: T,
}

/// Where the stamps of one dataset or run lie.
#[derive(Clone, Debug)]
pub struct Stamps(PathBuf);

impl Stamps {
    /// Stamps in a folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// What the stage left, if it ran on exactly these inputs. A stamp that cannot be read counts as none.
    pub fn find<T: DeserializeOwned>(&self, stage: &str, key: &str) -> Option<T> {
        let text = fs::read_to_string(self.path(stage)).ok()?;
        let stamp: Stamp<T> = serde_json::from_str(&text).ok()?;
        (stamp.key == key).then_some(stamp.output)
    }

    /// Notes what the stage left.
    pub fn put<T: Serialize>(&self, stage: &str, key: &str, output: &T) -> Result<()> {
        let stamp = serde_json::json!({ "key": key, "output": output });
        write(&self.path(stage), serde_json::to_string_pretty(&stamp).expect("plain data").as_bytes())
    }

    fn path(&self, stage: &str) -> PathBuf {
        self.0.join(format!("{stage}.json"))
    }
}

/// Writes a file into its folder, which is made if need be: into a temporary neighbour, flushed, then renamed.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let error = |cause| Error::Io { doing: "write", path: path.to_owned(), cause };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(error)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(error)?;
    std::io::Write::write_all(&mut file, bytes).map_err(error)?;
    file.as_file().sync_all().map_err(error)?;
    file.persist(path).map_err(|e| error(e.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_found_for_its_own_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let stamps = Stamps::new(folder.path().join("a"));
        assert_eq!(stamps.find::<u8>("train", "k"), None);
        stamps.put("train", "k", &7u8).unwrap();
        assert_eq!((stamps.find::<u8>("train", "k"), stamps.find::<u8>("train", "l")), (Some(7), None));
        fs::write(folder.path().join("a/train.json"), "{").unwrap();
        assert_eq!(stamps.find::<u8>("train", "k"), None);
    }

    #[test]
    fn an_unwritable_folder_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = write(&folder.path().join("file/x.json"), b"").unwrap_err();
        assert!(error.to_string().contains("file/x.json"), "{error}");
    }
}
