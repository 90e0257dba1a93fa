//! The seal on the test split: whoever opens it to measure leaves a line that says who, when, what and why.
//!
//! A test split that is looked at often enough is a validation split. What is recorded is every call of
//! [`Dataset::open_test`]: evaluation and the search for wrong labels in the test split go through it. What is not:
//! whoever reads the files, and the readers of all splits that counting, cards, diffs, bundles and the trail of a record
//! need ([`Dataset::rows`] and its like); they show nothing to a model.
//!
//! `<store>/datasets/NAME.openings.jsonl` only ever grows, and each line holds the digest of the one before: a line that
//! was changed or taken out is noticed. So is an end that was cut off, by the count and the last digest that the dataset's
//! own folder holds. Who rewrites both is not noticed. The lines enter no digest of the dataset.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, Row};
use crate::split::Split;
use crate::{Error, Result};

/// The file in the dataset's folder that tells how many openings there were; its underscore hides it from engines.
const HEAD: &str = "_openings.json";

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

/// How far the record had come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    count: usize,
    digest: String,
}

impl Dataset {
    /// The rows of the test split, to measure with. The opening is on record before the first row is read; a record that
    /// somebody changed is refused.
    pub fn open_test(&self, purpose: &Purpose) -> Result<impl Iterator<Item = Result<Row>> + Send + use<>> {
        let path = self.openings_path();
        let error = |cause| Error::Io { doing: "write", path: path.clone(), cause };
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path).map_err(error)?;
        // Two who open at once get one line each, one after the other; where the system knows no locks, nobody waits.
        let _ = file.lock();
        let text = read(&mut file).map_err(error)?;
        let known = whole(&text);
        // A line that was not finished is no opening: its rows were never given.
        file.set_len(known.len() as u64).map_err(error)?;
        let openings = self.checked(known)?;
        let (when, purpose) = (jiff::Timestamp::now().to_string(), purpose.clone());
        let (version, content) = (self.version(), self.digest()?);
        let previous = known.lines().last().map(digest).unwrap_or_default();
        let opening = Opening { when, purpose, version, digest: content, previous };
        let line = serde_json::to_string(&opening).expect("an opening is plain data");
        append(&mut file, &line, known.len() as u64).map_err(error)?;
        let head = Head { count: openings.len() + 1, digest: digest(&line) };
        crate::atomic::write(&self.head_path(), &serde_json::to_vec(&head).expect("plain data"))?;
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
        let text = match File::open(&path) {
            Ok(mut file) => {
                // Not in the middle of somebody's line.
                let _ = file.lock_shared();
                read(&mut file).map_err(Error::io("read", &path))?
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(cause) => return Err(Error::Io { doing: "read", path, cause }),
        };
        self.checked(whole(&text))
    }

    /// The openings of a record, if nothing was changed, taken out or cut off.
    fn checked(&self, text: &str) -> Result<Vec<Opening>> {
        let path = self.openings_path();
        let broken = |why| Error::Format { path, expected: "record of openings", why };
        let (mut openings, mut previous, head) = (Vec::new(), String::new(), self.head());
        for (number, line) in text.lines().enumerate() {
            let opening: Opening = match serde_json::from_str(line) {
                Ok(opening) => opening,
                Err(error) => return Err(broken(format!("line {}: {error}", number + 1))),
            };
            if opening.previous != previous {
                let why = format!("line {}: the line before was changed or taken out", number + 1);
                return Err(broken(why));
            }
            previous = digest(line);
            if number + 1 == head.count && previous != head.digest {
                return Err(broken(format!("line {}: it is not the one that was written", number + 1)));
            }
            openings.push(opening);
        }
        if openings.len() < head.count {
            let why = format!("it has {} lines of the {} that were written", openings.len(), head.count);
            return Err(broken(why));
        }
        Ok(openings)
    }

    /// Damaged, it says as much as none: the lines still hold together.
    fn head(&self) -> Head {
        let text = std::fs::read_to_string(self.head_path()).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn head_path(&self) -> PathBuf {
        self.path().join(HEAD)
    }

    fn openings_path(&self) -> PathBuf {
        let name = self.path().file_name().unwrap_or_default().to_string_lossy();
        self.path().with_file_name(format!("{name}.openings.jsonl"))
    }
}

/// The lines that were finished.
fn whole(text: &str) -> &str {
    &text[..text.rfind('\n').map_or(0, |end| end + 1)]
}

/// Appends a line, or nothing: a disk that is full leaves the file as long as it was.
fn append(file: &mut File, line: &str, length: u64) -> std::io::Result<()> {
    let written = file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // If this fails, too, the next opening repairs it.
        let _ = file.set_len(length);
    }
    written
}

fn read(file: &mut File) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    // A torn line may end within a character; it does not count anyway.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn digest(line: &str) -> String {
    blake3::hash(line.as_bytes()).to_hex()[..32].to_owned()
}
