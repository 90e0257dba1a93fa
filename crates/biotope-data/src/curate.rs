//! From raw documents to a dataset: steps, deduplication, split, in two passes over a stream.
//!
//! Pass 1 applies the steps and sketches every text, on all threads, and spools the cleaned documents to disk. What
//! stays in memory is about 400 bytes per document (see [`crate::dedup`] and [`crate::split::SplitRow`]). Then
//! clusters and splits are decided, and pass 2 writes the spool as the new version.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use biotope_core::{Component, Config, Invalid, Progress, Seed, Unit};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::dataset::{Dataset, Row, Writer};
use crate::dedup::{Clusters, DedupConfig, Deduplicator};
use crate::pipeline::Pipeline;
use crate::quarantine::{Made, Quarantine, SetAside};
use crate::source::Source;
use crate::split::{Split, build_splitter};
use crate::store::Store;
use crate::{Error, Result};

mod clean;
mod decide;
mod former;
pub mod lines;
mod manifest;
pub mod outside;
pub mod shard;
mod spool;

use clean::{Cleaner, Sink};
use decide::Fate;
use former::{Former, Keeper};
use lines::LinesConfig;
use shard::Shard;
use spool::{Spool, Spooled};

/// What to do with a class that has too few examples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rare {
    /// Stop and name the class.
    #[default]
    Error,
    /// Set its examples aside.
    Drop,
}

/// How a dataset is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CurateConfig {
    /// Cleaning steps, in order; they travel with the model.
    pub steps: Vec<Component>,
    /// Lines and paragraphs that are taken out because others have them, too; nothing unless asked for.
    pub lines: LinesConfig,
    /// How duplicates are found; `false` keeps them all.
    #[serde(with = "switch")]
    pub dedup: Option<DedupConfig>,
    /// The rule that splits.
    pub split: Component,
    /// Fewest examples that a class may have.
    pub min_class: usize,
    /// What to do with a class that has fewer.
    pub rare: Rare,
    /// Whether a document without a label is set aside.
    pub require_label: bool,
    /// Rules that give labels besides those of the sources; the last that knows a document has the say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Component>,
    /// Labels to be renamed: `{ corn = "grain" }` merges one into another.
    pub rename: BTreeMap<String, String>,
    /// Where files lie on this machine that `labels` names by something else than a path (`asset:labels.csv`). It enters no
    /// digest and no history, so that machines with other cache folders make the same.
    #[serde(skip)]
    pub fetched: BTreeMap<String, PathBuf>,
}

impl Default for CurateConfig {
    fn default() -> Self {
        Self {
            steps: ["extract-article", "normalize-text", "mask-personal-data", "limit-length"]
                .map(Component::new)
                .to_vec(),
            lines: LinesConfig::default(),
            dedup: Some(DedupConfig::default()),
            split: Component::new("stratified"),
            min_class: 2,
            rare: Rare::Error,
            require_label: true,
            labels: Vec::new(),
            rename: BTreeMap::new(),
            fetched: BTreeMap::new(),
        }
    }
}

impl CurateConfig {
    /// The steps with lists from files in full: what a bundle carries, and what decides whether anything changed.
    pub fn settled_steps(&self) -> Result<Vec<Component>> {
        Ok(Pipeline::open(&self.steps)?.components().to_vec())
    }

    /// Checks everything that can be checked without data.
    pub fn check(&self) -> Result<()> {
        Pipeline::open(&self.steps)?;
        build_splitter(&self.split).map_err(|error| match error {
            Error::Invalid(invalid) => Error::Invalid(invalid.under("split")),
            other => other,
        })?;
        self.lines.check().map_err(|invalid| invalid.under("lines"))?;
        if let Some(dedup) = &self.dedup {
            dedup.check().map_err(|invalid| invalid.under("dedup"))?;
        }
        crate::label::check(&self.labels)?;
        if self.min_class == 0 {
            return Err(Invalid::new("min_class", "must be positive", 0).into());
        }
        Ok(())
    }
}

/// What [`curate`] did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurateReport {
    /// Records that the source gave, bad ones included.
    pub seen: u64,
    /// Documents in the dataset.
    pub documents: u64,
    /// Documents per split.
    pub splits: BTreeMap<Split, u64>,
    /// How many were set aside, by step (`"duplicate"`, `"limit-length"`, ...).
    pub set_aside: BTreeMap<String, u64>,
    /// Near-duplicate clusters of more than one document.
    pub clusters: u64,
    /// Version of the dataset.
    pub version: u64,
    /// Its content digest.
    pub digest: String,
    /// Whether the version is new: false if the content is what it was.
    pub written: bool,
}

/// Curates a collected dataset (its folder) into `<store>/datasets/NAME`; what is set aside goes to
/// `<store>/quarantine/NAME/curate.jsonl` with step and reason.
///
/// The same documents, configuration and seed give the same digest, whatever the number of threads; if the newest
/// version has that digest already, none is written.
pub fn curate(
    raw: &Path,
    config: &CurateConfig,
    seed: Seed,
    store: &Store,
    name: &str,
    progress: &dyn Progress,
) -> Result<CurateReport> {
    curate_from(&Dataset::open(raw)?, config, seed, store, name, progress)
}

/// As [`curate`], straight from a source.
pub fn curate_from(
    source: &dyn Source,
    config: &CurateConfig,
    seed: Seed,
    store: &Store,
    name: &str,
    progress: &dyn Progress,
) -> Result<CurateReport> {
    config.check()?;
    let cleaner = Cleaner::new(config)?;
    let outcomes = |sink: &mut Sink<'_>| cleaner.each(source, Shard::WHOLE, progress, sink);
    finish(outcomes, source, config, seed, store, name, progress)
}

/// From the outcomes of pass 1, in the order of the source, to the new version.
fn finish(
    outcomes: impl FnOnce(&mut Sink<'_>) -> Result<u64>,
    source: &dyn Source,
    config: &CurateConfig,
    seed: Seed,
    store: &Store,
    name: &str,
    progress: &dyn Progress,
) -> Result<CurateReport> {
    // Before the long work: what is read later may be another file.
    let files = config.outside()?.files;
    let scratch = store.scratch()?;
    let mut quarantine = Quarantine::create(&store.quarantine(name)?, "curate")?;
    let path = store.dataset(name)?;
    let former = Former::load(config, &path)?;
    let mut spool = Spool::new(config, scratch.path(), &mut quarantine)?;
    spool.begin_with(former.as_ref().map_or(&[][..], |former| &former.rows))?;
    let seen = outcomes(&mut |_, outcome| spool.take(outcome))?;
    let spooled = spool.finish()?;
    if spooled.rows.is_empty() {
        let set_aside = quarantine.counts().values().sum();
        quarantine.finish(&Made::default())?;
        return Err(Error::Empty { place: source.describe(), seen, set_aside });
    }
    let (fates, clusters) = decide::decide(&spooled, config, seed)?;
    // First the writer, which clears away what a killed run left unfinished: the keeper's file would look like that.
    let writer = Writer::curated(&path)?;
    let kept = fates.iter().filter(|fate| matches!(fate, Fate::Keep(_))).count();
    let keeper = Keeper::new(config, &path, kept, &spooled)?;
    let mut pass = Pass { config, spooled: &spooled, writer, keeper, splits: BTreeMap::new() };
    if let Some(former) = &former {
        former.carry(|index, row| pass.keep(index, row))?;
    }
    pass.write(&fates, &mut quarantine, progress)?;
    let Pass { mut writer, keeper, splits, .. } = pass;
    let made = Made { digest: writer.digest(), from: source.digest() };
    let set_aside = quarantine.finish(&made)?;
    let biotope = env!("CARGO_PKG_VERSION");
    let about = json!({
        "config": config, "files": files, "seed": seed, "seen": seen, "set_aside": set_aside, "biotope": biotope
    });
    let done = writer.commit(about)?;
    if let Some(keeper) = keeper {
        keeper.finish(&done.digest)?;
    }
    Ok(CurateReport {
        seen,
        documents: done.rows,
        splits,
        set_aside,
        clusters,
        version: done.version,
        digest: done.digest,
        written: done.written,
    })
}

/// Pass 2: every document to where it was decided to go.
struct Pass<'a> {
    config: &'a CurateConfig,
    spooled: &'a Spooled,
    writer: Writer,
    keeper: Option<Keeper<'a>>,
    splits: BTreeMap<Split, u64>,
}

impl Pass<'_> {
    fn keep(&mut self, index: usize, row: Row) -> Result<()> {
        *self.splits.entry(row.split).or_default() += 1;
        if let Some(keeper) = &mut self.keeper {
            keeper.push(index, &row.doc.source, row.doc.published.as_deref(), row.split)?;
        }
        self.writer.push(row)
    }

    /// Writes the documents of the spool, which come after the rows of an earlier version.
    fn write(&mut self, fates: &[Fate], quarantine: &mut Quarantine, progress: &dyn Progress) -> Result<()> {
        progress.begin("write", Some(fates.len() as u64), Unit::Items);
        for (index, doc) in self.spooled.documents()?.enumerate() {
            let index = self.spooled.former.len() + index;
            let (mut doc, cluster) = (doc?, self.spooled.rows[index].cluster);
            match &fates[index] {
                Fate::Keep(split) => {
                    decide::explain(&mut doc, self.spooled, index, self.config);
                    self.keep(index, Row { doc, split: *split, cluster })?;
                }
                Fate::SetAside(reason) => {
                    let cluster = (reason.step == decide::DUPLICATE).then_some(cluster);
                    quarantine.add(&SetAside { cluster, ..SetAside::document(doc, reason.clone()) })?;
                }
            }
            progress.at(index as u64 + 1);
        }
        progress.end();
        Ok(())
    }
}

/// `dedup = false`, `dedup = true` or `dedup = { threshold = 0.9 }`.
mod switch {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::dedup::DedupConfig;

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Switch {
        Flag(bool),
        Config(DedupConfig),
    }

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<S: Serializer>(value: &Option<DedupConfig>, to: S) -> Result<S::Ok, S::Error> {
        value.clone().map_or(Switch::Flag(false), Switch::Config).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DedupConfig>, D::Error> {
        Ok(match Switch::deserialize(from)? {
            Switch::Flag(false) => None,
            Switch::Flag(true) => Some(DedupConfig::default()),
            Switch::Config(config) => Some(config),
        })
    }
}
