//! Names of the files in a bundle, and how they are read and written.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// The model's configuration, in Hugging Face's layout where it has one for the architecture.
pub const CONFIG: &str = "config.json";
/// The weights.
pub const WEIGHTS: &str = "model.safetensors";
/// The cleaning steps, as they stood in the recipe of the training.
pub const STEPS: &str = "steps.toml";
/// How the recipe says to serve it; only if it says anything.
pub const SERVE: &str = "serve.toml";
/// The task with its labels.
pub const LABELS: &str = "labels.json";
/// The model card.
pub const CARD: &str = "README.md";
/// What the test showed.
pub const EVALUATION: &str = "eval.json";
/// What the bundle was made from.
pub const LINEAGE: &str = "lineage.json";
/// The ids of the training records, one per line, sorted.
pub const TRAINING_IDS: &str = "training_ids.txt";
/// Every file with its size and digest.
pub const MANIFEST: &str = "manifest.json";

/// No file but the weights and the featurizer's is larger; what is larger is not read.
const LIMIT: u64 = 256 << 20;

/// Writes a file through to the disk.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(Error::io("write", path))
}

pub(crate) fn write_json<T: Serialize + ?Sized>(path: &Path, value: &T) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::content(path, error))?;
    write(path, (text + "\n").as_bytes())
}

pub(crate) fn read_text(path: &Path) -> Result<String> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    let mut text = String::new();
    file.take(LIMIT + 1).read_to_string(&mut text).map_err(Error::io("read", path))?;
    if text.len() as u64 > LIMIT {
        return Err(Error::content(path, format!("it is larger than {} MiB", LIMIT >> 20)));
    }
    Ok(text)
}

pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    serde_json::from_str(&read_text(path)?).map_err(|error| Error::content(path, error))
}

/// Makes sure that what was renamed or created in a folder survives a power cut.
pub(crate) fn sync_folder(path: &Path) -> Result<()> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(Error::io("write", path))
}

/// Names of the plain files in a folder, sorted.
pub(crate) fn names(dir: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(Error::io("read", dir))? {
        let entry = entry.map_err(Error::io("read", dir))?;
        if entry.path().is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
