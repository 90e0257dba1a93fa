//! The manifest: every file with its size and SHA-256, checked before anything else is read.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::files::{self, MANIFEST};
use crate::{Error, Result};

/// The format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// A manifest is small; a large one is none.
const LIMIT: u64 = 1 << 20;

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
}

/// What a bundle consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format of the bundle.
    pub format: u32,
    /// Name of the bundle.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its files by name.
    pub files: BTreeMap<String, Listed>,
}

impl Manifest {
    /// Lists what lies in a folder.
    pub fn of(dir: &Path, name: &str, version: &str) -> Result<Self> {
        let mut listed = BTreeMap::new();
        for file in files::names(dir)?.into_iter().filter(|file| file != MANIFEST) {
            let path = dir.join(&file);
            let bytes = fs::metadata(&path).map_err(Error::io("read", &path))?.len();
            listed.insert(file, Listed { bytes, sha256: sha256(&path)? });
        }
        Ok(Self { format: FORMAT, name: name.to_owned(), version: version.to_owned(), files: listed })
    }

    /// Reads the manifest of a folder, without looking at the files that it lists.
    pub fn read(dir: &Path) -> Result<Self> {
        let path = dir.join(MANIFEST);
        let file = match File::open(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(Error::NoBundle { path: dir.to_owned() });
            }
            file => file.map_err(Error::io("read", &path))?,
        };
        let mut bytes = Vec::new();
        file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(Error::io("read", &path))?;
        if bytes.len() as u64 > LIMIT {
            return Err(Error::content(&path, format!("it is larger than {} KiB", LIMIT >> 10)));
        }
        let value: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| Error::content(&path, error))?;
        let format = value.get("format").and_then(serde_json::Value::as_u64).unwrap_or_default() as u32;
        if format > FORMAT {
            return Err(Error::Format { path: dir.to_owned(), got: format, known: FORMAT });
        }
        serde_json::from_value(value).map_err(|error| Error::content(&path, error))
    }

    /// Holds every file against its size and digest. Sizes come first: a file that grew is not even read.
    pub fn verify(&self, dir: &Path) -> Result<()> {
        for (name, listed) in &self.files {
            if name.contains(['/', '\\']) || name == ".." {
                return Err(Error::content(dir.join(MANIFEST), format!("{name:?} is no plain file name")));
            }
            let file = dir.join(name);
            let got = match fs::metadata(&file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::Missing { file }),
                found => found.map_err(Error::io("read", &file))?.len(),
            };
            if got != listed.bytes {
                return Err(Error::Size { file, expected: listed.bytes, got });
            }
        }
        for (name, listed) in &self.files {
            let file = dir.join(name);
            let got = sha256(&file)?;
            if got != listed.sha256 {
                return Err(Error::Corrupted { file, expected: listed.sha256.clone(), got });
            }
        }
        Ok(())
    }

    /// One digest over all files and their names: the identity of the bundle's content.
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for (name, listed) in &self.files {
            hasher.update(format!("{} {} {name}\n", listed.sha256, listed.bytes));
        }
        hex(&hasher.finalize())
    }
}

fn sha256(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(Error::io("read", path))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(Error::io("read", path))? {
            0 => return Ok(hex(&hasher.finalize())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).expect("a nibble is a digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
