//! Several machines curate one dataset: each cleans its share, one merges the shares, and the result has the bytes
//! that one machine would have made.
//!
//! A share is a folder with the outcomes of its records (cleaned document with sketch, or what was set aside), each
//! with its position in the source, and a manifest that says what it is a share of. Whatever needs to know all
//! documents (duplicates, rare classes, splits) happens in the merge.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use biotope_core::{Invalid, Progress, RecordId, Seed, Unit};
use serde::{Deserialize, Serialize};

use crate::curate::clean::{Cleaner, Outcome, Sink, number};
use crate::curate::manifest::Manifest;
use crate::curate::{CurateConfig, CurateReport, finish};
use crate::dataset::Dataset;
use crate::store::Store;
use crate::{Error, Result};

/// Files of a share.
const OUTCOMES: &str = "outcomes.jsonl";
const MANIFEST: &str = "share.json";

/// Most shares of one dataset: every share is an open file in the merge.
const MOST: u32 = 1000;

/// The `index`-th of `count` shares, counted from 1. Written `2/3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// Everything.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    /// A share, if there is such a one.
    pub fn new(index: u32, count: u32) -> Result<Self, Invalid> {
        if (1..=count).contains(&index) && count <= MOST {
            return Ok(Self { index, count });
        }
        let rule = "must be K/N with K from 1 to N and N at most 1000";
        Err(Invalid::new("shard", rule, format!("{index}/{count}")).with_hint("--shard 1/3"))
    }

    /// Whether a record belongs to it: by its id; one without an id by its position.
    pub(crate) fn holds(self, at: u64, id: Option<RecordId>) -> bool {
        id.map_or(at, number) % u64::from(self.count) == u64::from(self.index - 1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let number = |text: &str| text.parse().unwrap_or(0);
        let (index, count) = text.split_once('/').unwrap_or((text, ""));
        Self::new(number(index), number(count))
            .map_err(|invalid| Invalid { got: format!("{text:?}"), ..invalid })
    }
}

/// What [`curate_shard`] did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardReport {
    /// Which share.
    pub shard: Shard,
    /// Records of the source.
    pub seen: u64,
    /// Records of this share that go on.
    pub kept: u64,
    /// Records of this share that were set aside.
    pub set_aside: u64,
    /// Where the share lies: copy this folder to whoever merges.
    pub folder: PathBuf,
}

/// Cleans one share of a collected dataset into `<folder>/K-of-N/`, which replaces a former one.
pub fn curate_shard(
    raw: &Path,
    config: &CurateConfig,
    seed: Seed,
    shard: Shard,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<ShardReport> {
    config.check()?;
    let raw = Dataset::open(raw)?;
    let place = folder.join(format!("{}-of-{}", shard.index, shard.count));
    std::fs::create_dir_all(&place).map_err(Error::io("make folder", &place))?;
    // The manifest goes first and comes last: a share without one is unfinished.
    let manifest = place.join(MANIFEST);
    if manifest.exists() {
        std::fs::remove_file(&manifest).map_err(Error::io("remove", &manifest))?;
    }
    let path = place.join(OUTCOMES);
    let file = File::create(&path).map_err(Error::io("write", &path))?;
    let mut file = BufWriter::with_capacity(1 << 18, file);
    let (mut kept, mut set_aside) = (0, 0);
    let mut write = |at: u64, outcome: Outcome| {
        *if matches!(outcome, Outcome::Kept(..)) { &mut kept } else { &mut set_aside } += 1;
        let written = serde_json::to_writer(&mut file, &(at, outcome)).map_err(std::io::Error::from);
        written.and_then(|()| file.write_all(b"\n")).map_err(Error::io("write", &path))
    };
    let seen = Cleaner::new(config)?.each(&raw, shard, progress, &mut write)?;
    file.flush().and_then(|()| file.get_ref().sync_all()).map_err(Error::io("write", &path))?;
    let said = Manifest::of(&raw, config, seed, shard.count)?;
    crate::atomic::write(&manifest, &serde_json::to_vec(&(said, seen)).expect("plain data"))?;
    Ok(ShardReport { shard, seen, kept, set_aside, folder: place })
}

/// Merges all shares in `folder` into the next version of `<store>/datasets/NAME`. The dataset and its quarantine
/// have the bytes that [`super::curate`] gives on one machine. The collected dataset must be here, too: no row of it is
/// cleaned again, but every share must have been made from exactly its rows.
pub fn merge_shards(
    raw: &Path,
    config: &CurateConfig,
    seed: Seed,
    folder: &Path,
    store: &Store,
    name: &str,
    progress: &dyn Progress,
) -> Result<CurateReport> {
    config.check()?;
    let raw = Dataset::open(raw)?;
    let (count, seen) = agreed(folder, |shards| Manifest::of(&raw, config, seed, shards))?;
    let mut shares =
        (1..=count).map(|index| Share::open(folder, index, count)).collect::<Result<Vec<Share>>>()?;
    let outcomes = |sink: &mut Sink<'_>| {
        progress.begin("merge", Some(seen), Unit::Items);
        for at in 0..seen {
            let holder = shares.iter_mut().find(|share| share.next.as_ref().is_some_and(|next| next.0 == at));
            let Some(share) = holder else { return Err(lacking(folder, at)) };
            sink(at, share.advance()?)?;
            progress.at(at + 1);
        }
        progress.end();
        Ok(seen)
    };
    finish(outcomes, &raw, config, seed, store, name, progress)
}

fn lacking(folder: &Path, at: u64) -> Error {
    let why = format!("no share holds record {at} of the source");
    Error::Format { path: folder.to_owned(), expected: "complete set of shares", why }
}

/// Number of shares and of records of the source, if all shares are there and agree.
fn agreed(folder: &Path, expected: impl Fn(u32) -> Result<Manifest>) -> Result<(u32, u64)> {
    let broken =
        |why: String| Error::Format { path: folder.to_owned(), expected: "complete set of shares", why };
    let names = std::fs::read_dir(folder).map_err(Error::io("read", folder))?.flatten();
    let counts = names.filter_map(|entry| {
        entry.file_name().to_str()?.split_once("-of-").and_then(|(_, count)| count.parse::<u32>().ok())
    });
    let mut counts: Vec<u32> = counts.filter(|count| (1..=MOST).contains(count)).collect();
    counts.sort_unstable();
    counts.dedup();
    let [count] = counts[..] else {
        return Err(broken(format!("found shares of {counts:?}, expected those of one number")));
    };
    let (said, mut records) = (expected(count)?, None);
    for index in 1..=count {
        let path = folder.join(format!("{index}-of-{count}")).join(MANIFEST);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(broken(format!("share {index}/{count} is missing or unfinished")));
            }
            text => text.map_err(Error::io("read", &path))?,
        };
        let (manifest, seen): (Manifest, u64) =
            serde_json::from_str(&text).map_err(|error| broken(format!("share {index}/{count}: {error}")))?;
        let mut differs = said.differences(&manifest);
        if records.is_some_and(|records| records != seen) {
            differs.push("the number of records".to_owned());
        }
        if !differs.is_empty() {
            let why = format!("share {index}/{count} was made with another: {}", differs.join(", "));
            return Err(broken(why));
        }
        records = Some(seen);
    }
    Ok((count, records.unwrap_or_default()))
}

/// The outcomes of one share, one at a time.
struct Share {
    path: PathBuf,
    lines: std::io::Lines<BufReader<File>>,
    next: Option<(u64, Outcome)>,
}

impl Share {
    fn open(folder: &Path, index: u32, count: u32) -> Result<Self> {
        let path = folder.join(format!("{index}-of-{count}")).join(OUTCOMES);
        let file = File::open(&path).map_err(Error::io("read", &path))?;
        let mut share = Self { path, lines: BufReader::with_capacity(1 << 16, file).lines(), next: None };
        share.next = share.read()?;
        Ok(share)
    }

    fn read(&mut self) -> Result<Option<(u64, Outcome)>> {
        let Some(line) = self.lines.next() else { return Ok(None) };
        let line = line.map_err(Error::io("read", &self.path))?;
        let why = |error: serde_json::Error| error.to_string();
        let next = serde_json::from_str(&line).map_err(why);
        next.map(Some).map_err(|why| Error::Format { path: self.path.clone(), expected: "share", why })
    }

    fn advance(&mut self) -> Result<Outcome> {
        let next = self.read()?;
        let (_, outcome) =
            std::mem::replace(&mut self.next, next).expect("the merge has seen that there is one");
        Ok(outcome)
    }
}
