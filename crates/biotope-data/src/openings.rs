//! The seal on the test split: whoever reads it to measure leaves a line that says who, when, what and why.
//!
//! A test split that is looked at often enough is a validation split. Nobody can be kept from reading a file, but
//! every reading through this crate is counted: `<store>/datasets/NAME.openings.jsonl` only ever grows, and each line
//! holds the digest of the one before, so that a line that was taken out or changed is noticed. The lines enter no
//! digest of the dataset.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, Row};
use crate::split::Split;
use crate::{Error, Result};

/// Why somebody opens the test split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purpose {
    /// Who: a person or a program.
    pub who: String,
    /// What is measured (`"run news-bert-1f2e3d4c"`).
    pub what: String,
    /// Why.
    pub why: String,
}

/// One opening of the test split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// When, RFC 3339.
    pub when: String,
    /// By whom, for what, and why.
    #[serde(flatten)]
    pub purpose: Purpose,
    /// Version of the dataset.
    pub version: u64,
    /// Its content digest.
    pub digest: String,
    /// Digest of the line before; empty in the first.
    pub previous: String,
}

impl Dataset {
    /// The rows of the test split, to measure with. The opening is on record before the first row is read.
    pub fn open_test(&self, purpose: &Purpose) -> Result<impl Iterator<Item = Result<Row>> + Send + use<>> {
        let path = self.openings_path();
        let error = |cause| Error::Io { doing: "write", path: path.clone(), cause };
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path).map_err(error)?;
        // Two who open at once get one line each, one after the other; where the system knows no locks, nobody waits.
        let _ = file.lock();
        let text = read(&mut file).map_err(error)?;
        let previous = text.lines().last().map(digest).unwrap_or_default();
        let (when, purpose) = (jiff::Timestamp::now().to_string(), purpose.clone());
        let (version, content) = (self.version(), self.digest()?);
        let opening = Opening { when, purpose, version, digest: content, previous };
        let mut line = serde_json::to_vec(&opening).expect("an opening is plain data");
        line.push(b'\n');
        file.write_all(&line).and_then(|()| file.sync_all()).map_err(error)?;
        Ok(self.rows(Split::Test))
    }

    /// The rows of a split to learn from or to choose by; the test split is refused.
    pub fn rows_to_learn(&self, split: Split) -> Result<impl Iterator<Item = Result<Row>> + Send + use<>> {
        if split == Split::Test {
            return Err(Error::TestSealed { path: self.path().to_owned() });
        }
        Ok(self.rows(split))
    }

    /// Every recorded opening of the test split, of any version, oldest first.
    pub fn openings(&self) -> Result<Vec<Opening>> {
        let path = self.openings_path();
        let text = match File::open(&path).and_then(|mut file| read(&mut file)) {
            Ok(text) => text,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(Error::Io { doing: "read", path, cause }),
        };
        let broken = |line: usize, why: String| {
            let why = format!("line {}: {why}", line + 1);
            Error::Format { path: path.clone(), expected: "record of openings", why }
        };
        let (mut openings, mut previous) = (Vec::new(), String::new());
        for (number, line) in text.lines().enumerate() {
            let opening: Opening =
                serde_json::from_str(line).map_err(|error| broken(number, error.to_string()))?;
            if opening.previous != previous {
                return Err(broken(number, "the line before was changed or taken out".into()));
            }
            previous = digest(line);
            openings.push(opening);
        }
        Ok(openings)
    }

    fn openings_path(&self) -> PathBuf {
        let name = self.path().file_name().unwrap_or_default().to_string_lossy();
        self.path().with_file_name(format!("{name}.openings.jsonl"))
    }
}

fn read(file: &mut File) -> std::io::Result<String> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text)
}

fn digest(line: &str) -> String {
    blake3::hash(line.as_bytes()).to_hex()[..32].to_owned()
}
