//! Exact and near duplicates: hashes of the normalised text, then `MinHash` with banding, verified by true Jaccard.
//!
//! Texts become sets of overlapping runs of words ("shingles"); a Chinese character counts as a word, so a
//! shingle of five is five words in English and five characters in Chinese. Candidates come from banded `MinHash`
//! signatures (Broder 1997; Indyk and Motwani 1998) and every candidate is checked on the true sets, so that what
//! is reported is never an estimate. Clusters are the connected components.
//!
//! Memory per document: 16 bytes id, 16 bytes text hash, 12 bytes date, 16 bytes address, 8 bytes offset, 4 bytes
//! cluster: about 75 bytes, and `memory_mb` besides for band keys that are sorted and candidates that wait. Band keys
//! and shingle sets (8 bytes per distinct shingle) lie in temporary files; texts are not kept.

use biotope_core::{Config, Invalid, RecordId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::Result;

pub(crate) mod address;
pub mod clusters;
pub(crate) mod former;
mod keys;
pub(crate) mod leaks;
mod pairs;
mod shelf;
mod sketch;

pub use clusters::{Clusters, Pair};
pub use sketch::{Sketch, Sketcher};

use keys::Keys;
use pairs::Search;
pub(crate) use shelf::Shelf;

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

/// What new documents are held against, besides each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Against {
    /// Nothing: the new version replaces the former.
    #[default]
    Nothing,
    /// The former version: its rows stay, and new documents that are none of its duplicates are added.
    Previous,
}

/// What to do with a document that contains one of the test split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeakRule {
    /// Set it aside.
    #[default]
    Drop,
    /// Stop and name it.
    Error,
}

/// How duplicates are found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DedupConfig {
    /// Jaccard similarity of the shingle sets from which two texts are the same.
    pub threshold: f64,
    /// Words (Chinese: characters) per shingle.
    pub shingle: usize,
    /// Length of a `MinHash` signature. More find pairs at low thresholds more surely.
    pub permutations: usize,
    /// Into how many bands a signature is cut; 0 for as many as find a pair at the threshold in 99.9 % of cases. datatrove's
    /// parameters are `permutations = 112, bands = 14`: they find 92 % at a similarity of .8.
    pub bands: usize,
    /// Similarity from which two documents of the same address are the same; above 1 never. Addresses are compared without
    /// scheme, `www.`, fragment and tracking parameters.
    pub same_address: f64,
    /// Who represents a cluster.
    pub keep: Keep,
    /// What new documents are held against, besides each other.
    pub against: Against,
    /// Share of a test document's shingles from which another document contains it; above 1 nobody looks.
    pub test_containment: f64,
    /// What becomes of a training or validation document that contains a test document.
    pub leaks: LeakRule,
    /// Mebibytes for sorting band keys, and again for candidates; the rest waits on disk.
    pub memory_mb: usize,
}

impl Default for DedupConfig {
    fn default() -> Self {
        Self {
            threshold: 0.8,
            shingle: 5,
            permutations: 128,
            bands: 0,
            same_address: 0.5,
            keep: Keep::Earliest,
            against: Against::Nothing,
            test_containment: 0.8,
            leaks: LeakRule::Drop,
            memory_mb: 256,
        }
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
        if !(16..=1024).contains(&self.permutations) {
            return Err(Invalid::new("permutations", "must be in 16..=1024", self.permutations));
        }
        if self.bands > 0 && !self.permutations.is_multiple_of(self.bands) {
            let rule = format!("must be 0 or divide permutations, {}", self.permutations);
            return Err(Invalid::new("bands", rule, self.bands));
        }
        if !(0.0..=2.0).contains(&self.same_address) {
            return Err(Invalid::new("same_address", "must be in 0..=2", self.same_address));
        }
        if !(0.1..=2.0).contains(&self.test_containment) {
            return Err(Invalid::new("test_containment", "must be in 0.1..=2", self.test_containment));
        }
        if self.memory_mb == 0 {
            return Err(Invalid::new("memory_mb", "must be positive", 0));
        }
        Ok(())
    }
}

impl DedupConfig {
    /// Bands, and rows of each.
    pub(crate) fn layout(&self) -> (usize, usize) {
        match self.bands {
            0 => {
                let rows = sketch::rows(self.threshold, self.permutations);
                (self.permutations / rows, rows)
            }
            bands => (bands, self.permutations / bands),
        }
    }
}

/// Collects sketches one document at a time, then clusters them.
#[derive(Debug)]
pub struct Deduplicator {
    config: DedupConfig,
    ids: Vec<RecordId>,
    published: Vec<Option<Timestamp>>,
    exact: Vec<[u8; 16]>,
    addresses: Vec<Option<u64>>,
    keys: Keys,
    shelf: Shelf,
    former: u32,
}

/// What [`Deduplicator::finish`] found, and what it was found with.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) clusters: Clusters,
    pub(crate) sets: Shelf,
    pub(crate) exact: Vec<[u8; 16]>,
}

impl Deduplicator {
    /// An empty one, whose band keys and shingle sets go into temporary files in `scratch`, or in the system's folder for
    /// such.
    pub fn new(config: &DedupConfig, scratch: Option<&std::path::Path>) -> Result<Self> {
        config.check()?;
        let (ids, published, exact, addresses) = Default::default();
        let (keys, shelf) = (Keys::new(scratch, config.layout().0)?, Shelf::new(scratch)?);
        Ok(Self { config: config.clone(), ids, published, exact, addresses, keys, shelf, former: 0 })
    }

    /// Adds a document by its sketch, which [`Sketcher::sketch`] makes on any thread; `source` is its address, if it has
    /// one.
    pub fn add(
        &mut self,
        id: RecordId,
        source: &str,
        published: Option<Timestamp>,
        sketch: &Sketch,
    ) -> Result<()> {
        self.ids.push(id);
        self.published.push(published);
        self.exact.push(sketch.exact);
        self.addresses.push(address::canonical(source).map(|address| xxh3_64(address.as_bytes())));
        self.keys.push(&sketch.bands)?;
        self.shelf.push(&sketch.shingles)
    }

    /// Adds a row of an earlier version; they come before all others, represent their clusters, and are not held against
    /// each other again.
    pub(crate) fn add_former(&mut self, row: &former::FormerRow, sketcher: &Sketcher) -> Result<()> {
        let (exact, shingles) = (row.exact, row.shingles.clone());
        let sketch = Sketch { exact, bands: sketcher.bands(&shingles), shingles };
        self.former += 1;
        self.add(row.id, &row.source, row.published.as_deref().and_then(crate::dates::moment), &sketch)
    }

    /// Finds the clusters. The result depends on the documents and their order only, not on threads.
    pub fn finish(self) -> Result<Clusters> {
        self.finish_with_sets().map(|found| found.clusters)
    }

    /// As [`Deduplicator::finish`], with what it knows of each document.
    pub(crate) fn finish_with_sets(mut self) -> Result<Found> {
        self.shelf.flush()?;
        self.keys.flush()?;
        let groups = pairs::exact(&self.exact);
        let mut leads = vec![false; self.ids.len()];
        for group in &groups {
            leads[group[0] as usize] = true;
        }
        let copies = |group: &Vec<u32>| {
            let first = group[0];
            group[1..]
                .iter()
                .map(move |copy| Pair { a: first, b: *copy, similarity: 1.0 })
                .collect::<Vec<_>>()
        };
        let mut found: Vec<Pair> = groups.iter().flat_map(copies).collect();
        drop(groups);
        let budget = self.config.memory_mb << 20;
        let search =
            Search { shelf: &self.shelf, threshold: self.config.threshold, budget, former: self.former };
        found.extend(search.near(&leads, &mut self.keys)?);
        found.extend(pairs::of_one_address(&self.addresses, &self.shelf, self.config.same_address)?);
        found.sort_by_key(|pair| (pair.a, pair.b));
        found.dedup_by_key(|pair| (pair.a, pair.b));
        let earliest = self.config.keep == Keep::Earliest;
        let dates = earliest.then_some(self.published.as_slice());
        let clusters = Clusters::build(self.ids, found, dates, self.former);
        Ok(Found { clusters, sets: self.shelf, exact: self.exact })
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
        all.add(id, "", None, &sketcher.sketch(&text))?;
    }
    all.finish()
}
