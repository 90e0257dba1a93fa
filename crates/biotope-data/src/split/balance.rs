//! Dealing whole groups so that every part gets its share of every label.
//!
//! Groups go one by one, the largest first, to the part where the shares of the group's labels then lie nearest to
//! what they should be, by the sum of squares (the idea of iterative stratification: Sechidis, Tsoumakas and
//! Vlahavas 2011, "On the stratification of multi-label data", and of scikit-learn's `StratifiedGroupKFold`).

use std::collections::{BTreeMap, HashMap};

use biotope_core::{RecordId, Seed};

use crate::split::{SplitRow, lot};
use crate::union::Union;

/// Rows (by position) that must stay together.
type Group = Vec<usize>;

/// The part of each row. `keys` says which rows belong together besides those of one near-duplicate cluster; a row
/// without a key stands with its cluster. `shares` are what each part should get; they sum to one.
pub(crate) fn deal(rows: &[SplitRow], keys: &[Option<&str>], shares: &[f64], seed: Seed) -> Vec<usize> {
    let labels = labels(rows);
    let mut totals = vec![0.0; labels.values().max().map_or(1, |last| last + 2)];
    // The last column counts all rows, whatever their label.
    let all = totals.len() - 1;
    let columns: Vec<usize> = rows.iter().map(|row| labels[label(row)]).collect();
    for column in &columns {
        totals[*column] += 1.0;
    }
    totals[all] = rows.len() as f64;
    let mut parts = vec![vec![0.0; totals.len()]; shares.len()];
    let mut part_of = vec![0; rows.len()];
    for group in in_order(rows, groups(rows, keys), seed) {
        let mut counts: BTreeMap<usize, f64> = BTreeMap::from([(all, group.len() as f64)]);
        for row in &group {
            *counts.entry(columns[*row]).or_default() += 1.0;
        }
        let cost = |part: usize| -> f64 {
            let grown = |(column, more): (&usize, &f64)| {
                let missing = shares[part] * totals[*column] - parts[part][*column];
                more * (more - 2.0 * missing) / (totals[*column] * totals[*column])
            };
            counts.iter().map(grown).sum()
        };
        let best = (0..shares.len()).min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(0);
        for (column, more) in &counts {
            parts[best][*column] += more;
        }
        for row in group {
            part_of[row] = best;
        }
    }
    part_of
}

fn label(row: &SplitRow) -> &str {
    row.label.as_deref().unwrap_or("")
}

/// A column for every label, in their order.
fn labels(rows: &[SplitRow]) -> BTreeMap<&str, usize> {
    let names: std::collections::BTreeSet<&str> = rows.iter().map(label).collect();
    names.into_iter().enumerate().map(|(column, name)| (name, column)).collect()
}

/// Rows joined by cluster or key, directly or through others.
fn groups(rows: &[SplitRow], keys: &[Option<&str>]) -> Vec<Group> {
    let mut union = Union::new(rows.len());
    let (mut clusters, mut named) = (HashMap::new(), HashMap::new());
    for (index, row) in (0..).zip(rows) {
        let first = *clusters.entry(row.cluster).or_insert(index);
        union.join(first, index);
        if let Some(key) = keys[index as usize] {
            let first = *named.entry(key).or_insert(index);
            union.join(first, index);
        }
    }
    let mut groups: BTreeMap<u32, Group> = BTreeMap::new();
    for index in 0..rows.len() {
        groups.entry(union.root(index as u32)).or_default().push(index);
    }
    groups.into_values().collect()
}

/// The largest first; equally large ones by lot, which depends on seed and ids, not on the order of rows.
fn in_order(rows: &[SplitRow], groups: Vec<Group>, seed: Seed) -> Vec<Group> {
    let drawn = |group: &Group| {
        let name: RecordId = group.iter().map(|row| rows[*row].id).min().expect("a group has a member");
        lot(seed, name)
    };
    let mut order: Vec<([u8; 32], Group)> =
        groups.into_iter().map(|group| (*drawn(&group).as_bytes(), group)).collect();
    order.sort_unstable_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(&b.0)));
    order.into_iter().map(|(_, group)| group).collect()
}
