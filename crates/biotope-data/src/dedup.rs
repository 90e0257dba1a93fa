//! Exact and near duplicates: hashes of the normalised text, then `MinHash` with banding, verified by true Jaccard.
//!
//! Texts become sets of overlapping runs of words ("shingles"); a Chinese character counts as a word, so a
//! shingle of five is five words in English and five characters in Chinese. Candidates come from banded `MinHash`
//! signatures (Broder 1997; Indyk and Motwani 1998) and every candidate is checked on the true sets, so that what
//! is reported is never an estimate. Clusters are the connected components.
//!
//! Memory per document: 16 bytes id, 16 bytes text hash, 4 bytes per band (32 bands at the defaults), 8 bytes
//! offset, 12 bytes date, 4 bytes cluster: about 190 bytes. Shingle sets lie in a temporary file (8 bytes per
//! distinct shingle); texts are not kept.

use biotope_core::{Config, Invalid, RecordId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Result;

pub mod clusters;
mod pairs;
mod shelf;
mod sketch;

pub use clusters::{Clusters, Pair};
pub use sketch::{Sketch, Sketcher};

use shelf::Shelf;

/// Which member of a cluster represents it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// The earliest published (undated ones come last), then the first seen.
    #[default]
    Earliest,
    /// The first seen.
    First,
}

/// How duplicates are found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DedupConfig {
    /// Jaccard similarity of the shingle sets from which two texts are the same.
    pub threshold: f64,
    /// Words (Chinese: characters) per shingle.
    pub shingle: usize,
    /// Length of a `MinHash` signature: 64, 128 or 256. More find pairs at low thresholds more surely.
    pub permutations: usize,
    /// Who represents a cluster.
    pub keep: Keep,
}

impl Default for DedupConfig {
    fn default() -> Self {
        Self { threshold: 0.8, shingle: 5, permutations: 128, keep: Keep::Earliest }
    }
}

impl Config for DedupConfig {
    const NAME: &'static str = "minhash";
    const SUMMARY: &'static str = "exact and near duplicates by MinHash, verified by true Jaccard";

    fn check(&self) -> Result<(), Invalid> {
        if !(0.1..=1.0).contains(&self.threshold) {
            return Err(Invalid::new("threshold", "must be in 0.1..=1", self.threshold));
        }
        if !(1..=50).contains(&self.shingle) {
            return Err(Invalid::new("shingle", "must be in 1..=50", self.shingle));
        }
        if ![64, 128, 256].contains(&self.permutations) {
            return Err(Invalid::new("permutations", "must be 64, 128 or 256", self.permutations));
        }
        Ok(())
    }
}

/// Collects sketches one document at a time, then clusters them.
#[derive(Debug)]
pub struct Deduplicator {
    config: DedupConfig,
    ids: Vec<RecordId>,
    published: Vec<Option<Timestamp>>,
    exact: Vec<[u8; 16]>,
    bands: Vec<u32>,
    shelf: Shelf,
}

impl Deduplicator {
    /// An empty one, whose shingle sets go into a temporary file in `scratch`, or in the system's folder for such.
    pub fn new(config: &DedupConfig, scratch: Option<&std::path::Path>) -> Result<Self> {
        config.check()?;
        let (ids, published, exact, bands) = Default::default();
        Ok(Self { config: config.clone(), ids, published, exact, bands, shelf: Shelf::new(scratch)? })
    }

    /// Adds a document by its sketch, which [`Sketcher::sketch`] makes on any thread.
    pub fn add(&mut self, id: RecordId, published: Option<Timestamp>, sketch: &Sketch) -> Result<()> {
        self.ids.push(id);
        self.published.push(published);
        self.exact.push(sketch.exact);
        self.bands.extend_from_slice(&sketch.bands);
        self.shelf.push(&sketch.shingles)
    }

    /// Finds the clusters. The result depends on the documents and their order only, not on threads.
    pub fn finish(mut self) -> Result<Clusters> {
        self.shelf.flush()?;
        let groups = pairs::exact(&self.exact);
        let leaders: Vec<u32> = groups.iter().map(|group| group[0]).collect();
        let mut found: Vec<Pair> = Vec::new();
        for group in &groups {
            found.extend(group[1..].iter().map(|copy| Pair { a: group[0], b: *copy, similarity: 1.0 }));
        }
        let width = self.bands.len() / self.ids.len().max(1);
        found.extend(pairs::near(&leaders, &self.bands, width, &self.shelf, self.config.threshold)?);
        found.sort_by_key(|pair| (pair.a, pair.b));
        let earliest = self.config.keep == Keep::Earliest;
        let dates = earliest.then_some(self.published.as_slice());
        Ok(Clusters::build(self.ids, found, dates))
    }
}

/// Clusters texts: exact copies and near-duplicates.
///
/// ```
/// use biotope_core::RecordId;
/// use biotope_data::dedup::{DedupConfig, cluster};
/// let texts = ["Wheat rises on export hopes, traders in Chicago said on Monday.",
///              "WHEAT RISES on export hopes - traders in Chicago said on Monday",
///              "小麦期货周一因出口预期上涨。"];
/// let docs = texts.iter().map(|text| (RecordId::of(&[text.as_bytes()]), (*text).to_owned()));
/// let clusters = cluster(docs, &DedupConfig::default())?;
/// assert_eq!((clusters.representative(1), clusters.representative(2)), (0, 2));
/// # Ok::<(), biotope_data::Error>(())
/// ```
pub fn cluster(docs: impl Iterator<Item = (RecordId, String)>, config: &DedupConfig) -> Result<Clusters> {
    let mut all = Deduplicator::new(config, None)?;
    let sketcher = Sketcher::new(config);
    for (id, text) in docs {
        all.add(id, None, &sketcher.sketch(&text))?;
    }
    all.finish()
}
