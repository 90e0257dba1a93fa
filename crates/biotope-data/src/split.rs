//! Train, valid, test: who goes where, without cutting a near-duplicate cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use biotope_core::{Component, Document, RecordId, Seed, Table};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

pub(crate) mod balance;

/// A part of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// To learn from.
    Train,
    /// To choose by: stopping, learning rate, thresholds.
    Valid,
    /// To report on, once.
    Test,
}

impl Split {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Valid, Self::Test];

    /// `"train"`, `"valid"`, `"test"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Valid => "valid",
            Self::Test => "test",
        }
    }

    /// The split of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|split| split.name() == name)
    }
}

/// What a splitter sees of a document: 72 bytes, and labels are shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitRow {
    /// Record id.
    pub id: RecordId,
    /// Label.
    pub label: Option<Arc<str>>,
    /// Date of publication.
    pub published: Option<Timestamp>,
    /// Representative of its near-duplicate cluster; its own id if it stands alone.
    pub cluster: RecordId,
    /// What [`Splitter::group`] takes from the document.
    pub group: Option<Arc<str>>,
}

/// A rule that splits.
pub trait Splitter: Send + Sync {
    /// Rows of a published test set that must stay whole, duplicates among themselves included, so that figures
    /// compare with those of others. None unless the rule says so.
    fn protected(&self, rows: &[SplitRow]) -> Result<Vec<bool>> {
        Ok(vec![false; rows.len()])
    }

    /// What it needs of a document in [`SplitRow::group`].
    fn group(&self, _doc: &Document) -> Option<String> {
        None
    }

    /// The split of each row. Rows of one cluster get the same one, protected rows excepted.
    fn assign(&self, rows: &[SplitRow], seed: Seed) -> Result<Vec<Split>>;
}

/// How a splitter is made from its options.
pub type BuildSplit = fn(&Table) -> Result<Box<dyn Splitter>>;

/// Makes the splitter that a recipe names.
pub fn build_splitter(component: &Component) -> Result<Box<dyn Splitter>> {
    (crate::splits().get(&component.name)?.build)(&component.options)
}

/// The split of each row by the rule that a recipe names.
///
/// ```
/// use biotope_core::{Component, RecordId, Seed};
/// use biotope_data::{SplitRow, split};
/// let row = |n: u8| {
///     let id = RecordId::of(&[&[n]]);
///     SplitRow { id, label: Some("grain".into()), published: None, cluster: id, group: None }
/// };
/// let rows: Vec<SplitRow> = (0..10).map(row).collect();
/// let rule = Component::new("stratified").with("test", 0.2).with("valid", 0.1);
/// let splits = split::assign(&rows, &rule, Seed(1))?;
/// assert_eq!(splits.iter().filter(|split| **split == split::Split::Test).count(), 2);
/// # Ok::<(), biotope_data::Error>(())
/// ```
pub fn assign(rows: &[SplitRow], rule: &Component, seed: Seed) -> Result<Vec<Split>> {
    build_splitter(rule)?.assign(rows, seed)
}

/// Deals the rows at `indices` into `parts` (with fractions) and train, label by label, whole clusters at a time.
///
/// The order of dealing comes from a hash of seed, label and cluster, so it does not depend on the order of rows.
/// A class of at least three rows gives one to each part with a fraction above zero, and keeps one for train.
pub(crate) fn deal(
    rows: &[SplitRow],
    indices: &[usize],
    parts: &[(Split, f64)],
    seed: Seed,
    splits: &mut [Split],
) {
    for (label, clusters) in by_label(rows, indices) {
        let count: usize = clusters.values().map(Vec::len).sum();
        let seed = seed.derive(&format!("split/{label}"));
        let mut order: Vec<(blake3::Hash, Vec<usize>)> =
            clusters.into_iter().map(|(cluster, members)| (lot(seed, cluster), members)).collect();
        order.sort_by_key(|(lot, _)| *lot.as_bytes());
        let mut left: Vec<Vec<usize>> = order.into_iter().map(|(_, members)| members).collect();
        for (split, fraction) in parts {
            left = take(left, target(count, *fraction), *split, splits);
        }
        left.iter().flatten().for_each(|index| splits[*index] = Split::Train);
    }
}

type ByLabel = BTreeMap<Arc<str>, BTreeMap<RecordId, Vec<usize>>>;

/// Clusters by the label of their first row.
fn by_label(rows: &[SplitRow], indices: &[usize]) -> ByLabel {
    let mut clusters: BTreeMap<RecordId, Vec<usize>> = BTreeMap::new();
    for index in indices {
        clusters.entry(rows[*index].cluster).or_default().push(*index);
    }
    let mut labels = ByLabel::new();
    for (cluster, members) in clusters {
        let first = members.iter().min_by_key(|index| rows[**index].id).expect("a cluster has a member");
        let label = rows[*first].label.clone().unwrap_or_else(|| Arc::from(""));
        labels.entry(label).or_default().insert(cluster, members);
    }
    labels
}

pub(crate) fn lot(seed: Seed, cluster: RecordId) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.0.to_le_bytes());
    hasher.update(cluster.as_bytes());
    hasher.finalize()
}

fn target(count: usize, fraction: f64) -> usize {
    let wanted = (count as f64 * fraction).round() as usize;
    if fraction > 0.0 && count >= 3 { wanted.max(1) } else { wanted }
}

/// Gives clusters to `split` until it has about `target` rows; at least one cluster is left over.
fn take(clusters: Vec<Vec<usize>>, target: usize, split: Split, splits: &mut [Split]) -> Vec<Vec<usize>> {
    let (mut taken, mut left) = (0, Vec::new());
    let total = clusters.len();
    for (position, members) in clusters.into_iter().enumerate() {
        let last = left.is_empty() && position + 1 == total;
        if !last && taken + members.len().div_ceil(2) <= target {
            taken += members.len();
            for index in members {
                splits[index] = split;
            }
        } else {
            left.push(members);
        }
    }
    left
}

/// Refuses a fraction outside of 0..1, or two that leave nothing for train.
pub(crate) fn check_fractions(parts: &[(&str, f64)]) -> Result<(), biotope_core::Invalid> {
    for (field, value) in parts {
        if !(0.0..1.0).contains(value) {
            return Err(biotope_core::Invalid::new(*field, "must be at least 0 and below 1", value));
        }
    }
    let sum: f64 = parts.iter().map(|(_, value)| value).sum();
    if sum < 1.0 {
        return Ok(());
    }
    Err(biotope_core::Invalid::new("valid + test", "must leave something to train on", sum))
}

/// Refuses a result without training rows, or without those that were asked for.
pub(crate) fn check_filled(splits: &[Split], wanted: &[(Split, &str)]) -> Result<()> {
    for (split, why) in wanted {
        if !splits.contains(split) {
            return Err(Error::EmptySplit { split: split.name(), why: (*why).to_owned() });
        }
    }
    Ok(())
}
