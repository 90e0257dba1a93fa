//! What a bundle was made from: the way back from a prediction to the articles behind it.

use std::fmt::Write as _;
use std::path::Path;

use biotope_core::RecordId;
use serde::{Deserialize, Serialize};

use crate::files::{self, TRAINING_IDS};
use crate::{Error, Result};

/// Which dataset, which recipe, which run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lineage {
    /// Digest of the filled-in recipe.
    pub recipe: String,
    /// Name of the dataset.
    pub dataset: String,
    /// Its version.
    pub dataset_version: u64,
    /// Digest of its content.
    pub dataset_digest: String,
    /// The run that trained the weights.
    pub run: String,
    /// The seed of that run.
    pub seed: u64,
    /// The splits whose records the weights have learned from; more than the training split after a refit.
    pub splits: Vec<String>,
    /// Version of the code.
    pub code: String,
    /// When it was made, RFC 3339, if the one who made it tells.
    pub created: Option<String>,
    /// How many records were trained on. Filled in by saving.
    pub training_records: usize,
    /// The id over their sorted ids. Filled in by saving.
    pub training_digest: Option<RecordId>,
}

impl Lineage {
    /// The same with the training records' number and digest.
    pub(crate) fn over(&self, sorted: &[RecordId]) -> Self {
        let parts: Vec<&[u8]> = sorted.iter().map(|id| id.as_bytes().as_slice()).collect();
        Self { training_records: sorted.len(), training_digest: Some(RecordId::of(&parts)), ..self.clone() }
    }
}

/// Each id once, in order.
pub(crate) fn sorted(ids: &[RecordId]) -> Vec<RecordId> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}

pub(crate) fn write_ids(dir: &Path, sorted: &[RecordId]) -> Result<()> {
    let mut text = String::with_capacity(sorted.len() * 33);
    for id in sorted {
        let _strings_take_all = writeln!(text, "{id}");
    }
    files::write(&dir.join(TRAINING_IDS), text.as_bytes())
}

pub(crate) fn read_ids(dir: &Path) -> Result<Vec<RecordId>> {
    let path = dir.join(TRAINING_IDS);
    let text = files::read_text(&path)?;
    let ids = text.lines().enumerate().map(|(index, line)| {
        line.parse().map_err(|error| Error::content(&path, format!("line {}: {error}", index + 1)))
    });
    ids.collect()
}
