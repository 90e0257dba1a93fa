//! Between the passes: which documents stay, and in which split.

use std::collections::{BTreeMap, HashMap};

use biotope_core::{Document, RecordId, Seed};

use crate::curate::{CurateConfig, Rare, Spooled};
use crate::dedup::{Keep, LeakRule, leaks};
use crate::split::{Split, SplitRow, build_splitter};
use crate::step::Reason;
use crate::{Error, Result};

/// What becomes of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fate {
    /// It goes into the dataset.
    Keep(Split),
    /// It goes into quarantine.
    SetAside(Reason),
}

/// What quarantine calls a near-duplicate.
pub(super) const DUPLICATE: &str = "duplicate";

/// Decides on every row; returns how many clusters have more than one member, too.
pub(crate) fn decide(spooled: &Spooled, config: &CurateConfig, seed: Seed) -> Result<(Vec<Fate>, u64)> {
    let splitter = build_splitter(&config.split)?;
    let rows = &spooled.rows;
    let protected = splitter.protected(rows)?;
    let mut reasons = duplicates(spooled, &protected);
    rare(spooled, config, &mut reasons)?;
    let kept: Vec<usize> = (0..rows.len()).filter(|index| reasons[*index].is_none()).collect();
    let kept_rows: Vec<SplitRow> = kept.iter().map(|index| rows[*index].clone()).collect();
    let splits = splitter.assign(&kept_rows, seed.derive("split"))?;
    let mut split_of: Vec<Option<Split>> = vec![None; rows.len()];
    kept.iter().zip(splits).for_each(|(index, split)| split_of[*index] = Some(split));
    // What was dealt in an earlier version stays where it is.
    split_of.iter_mut().zip(&spooled.former).for_each(|(split, former)| *split = Some(*former));
    leaking(spooled, config, &split_of, &mut reasons)?;
    let fates = reasons.into_iter().zip(split_of).map(|(reason, split)| match (reason, split) {
        (Some(reason), _) => Fate::SetAside(reason),
        (None, Some(split)) => Fate::Keep(split),
        (None, None) => unreachable!("every row without a reason was given to the splitter"),
    });
    let fates = fates.collect();
    Ok((fates, spooled.clusters.groups()))
}

/// Training and validation documents that contain a test document: an error, or a reason for each of them.
fn leaking(
    spooled: &Spooled,
    config: &CurateConfig,
    splits: &[Option<Split>],
    reasons: &mut [Option<Reason>],
) -> Result<()> {
    let (Some(sets), Some(dedup)) = (&spooled.sets, &config.dedup) else { return Ok(()) };
    if dedup.test_containment > 1.0 {
        return Ok(());
    }
    let of = |test: bool| {
        let split = splits.iter().enumerate().filter_map(|(index, split)| Some((index as u32, (*split)?)));
        split.filter(move |(_, split)| (*split == Split::Test) == test).map(|(index, _)| index)
    };
    let (tests, others): (Vec<u32>, Vec<u32>) = (of(true).collect(), of(false).collect());
    let others: Vec<u32> =
        others.into_iter().filter(|index| *index as usize >= spooled.former.len()).collect();
    let leaks = leaks::find(sets, &tests, &others, dedup.test_containment)?;
    let name = |index: u32| spooled.rows[index as usize].id;
    if let (LeakRule::Error, Some(first)) = (dedup.leaks, leaks.first()) {
        let (id, test) = (name(first.index), name(first.test));
        return Err(Error::Leak { count: leaks.len(), id, test, share: first.share });
    }
    for leak in leaks {
        let why = format!("contains {:.0} % of a test document, {}", leak.share * 100.0, name(leak.test));
        reasons[leak.index as usize] = Some(Reason::new("leak", why));
    }
    Ok(())
}

/// Says on the trail of a cluster's representative how many it stands for, and why it was chosen.
pub(super) fn explain(doc: &mut Document, spooled: &Spooled, index: usize, config: &CurateConfig) {
    let others = spooled.clusters.size(index) - 1;
    if others > 0 && spooled.clusters.representative(index) == index {
        let dated = config.dedup.as_ref().is_some_and(|dedup| dedup.keep == Keep::Earliest)
            && doc.published.is_some();
        let why = if dated { "the earliest published" } else { "the first seen" };
        doc.trace(DUPLICATE, format!("kept for {others} others that are the same: {why}"));
    }
}

/// Why each row is set aside as a duplicate, if it is.
///
/// Rows of an earlier version all stay, and nothing that is the same as one of them comes in. Protected rows all stay. Of a cluster with a protected row nothing else stays; of any other cluster, only its
/// representative.
fn duplicates(spooled: &Spooled, protected: &[bool]) -> Vec<Option<Reason>> {
    let (rows, clusters, former) = (&spooled.rows, &spooled.clusters, spooled.former.len());
    let mut test: HashMap<RecordId, RecordId> = HashMap::new();
    for (row, _) in rows.iter().zip(protected).skip(former).filter(|(_, protected)| **protected) {
        test.entry(row.cluster).or_insert(row.id);
    }
    for (row, _) in rows.iter().zip(&spooled.former).filter(|(_, split)| **split == Split::Test) {
        test.entry(row.cluster).or_insert(row.id);
    }
    let similarity = similarities(clusters);
    let reason = |index: usize| {
        let row = &rows[index];
        let known = clusters.representative(index) < former;
        if index < former || (protected[index] && !known) {
            return None;
        }
        if let Some(id) = test.get(&row.cluster) {
            return Some(Reason::new(DUPLICATE, format!("near-duplicate of a test document, {id}")));
        }
        if row.cluster == row.id {
            return None;
        }
        let how = match similarity.get(&(index as u32)) {
            Some(same) if *same >= 1.0 => "copy of".to_owned(),
            Some(same) => format!("near-duplicate (similarity {same:.3} to one of its cluster) of"),
            None => "near-duplicate of".to_owned(),
        };
        let whose = if known { " of an earlier version" } else { "" };
        Some(Reason::new(DUPLICATE, format!("{how} {}{whose}", row.cluster)))
    };
    (0..rows.len()).map(reason).collect()
}

/// The highest similarity that each document has to another.
fn similarities(clusters: &crate::Clusters) -> HashMap<u32, f64> {
    let mut best: HashMap<u32, f64> = HashMap::new();
    for pair in clusters.pairs() {
        for index in [pair.a, pair.b] {
            let known = best.entry(index).or_default();
            *known = known.max(pair.similarity);
        }
    }
    best
}

/// Classes with too few examples: an error, or a reason for each of them.
fn rare(spooled: &Spooled, config: &CurateConfig, reasons: &mut [Option<Reason>]) -> Result<()> {
    let rows = &spooled.rows;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let labels: Vec<Option<&str>> = rows.iter().map(|row| row.label.as_deref()).collect();
    for (label, _) in labels.iter().zip(reasons.iter()).filter(|(_, reason)| reason.is_none()) {
        *counts.entry(label.unwrap_or("")).or_default() += 1;
    }
    counts.remove("");
    counts.retain(|_, count| *count < config.min_class);
    if let (Rare::Error, Some((label, count))) = (config.rare, counts.first_key_value()) {
        return Err(Error::RareClass { label: (*label).to_owned(), count: *count, needed: config.min_class });
    }
    let new = labels.iter().zip(reasons).skip(spooled.former.len());
    for (label, reason) in new.filter(|(_, reason)| reason.is_none()) {
        if let Some(count) = label.and_then(|label| counts.get(label)) {
            let why = format!(
                "class {:?} has {count} of the {} examples it needs",
                label.unwrap_or(""),
                config.min_class
            );
            *reason = Some(Reason::new("rare-class", why));
        }
    }
    Ok(())
}
