//! One of k folds is the test set: run all k and every document is tested on once.

use biotope_core::{Config, Invalid, Seed};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::split::{Split, SplitRow, Splitter, balance, check_filled, check_fractions, deal};

/// How many folds there may be.
pub const FOLDS: std::ops::RangeInclusive<usize> = 2..=1000;

/// Fold `fold` of `folds`, by label, without cutting a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KFold {
    /// Number of folds.
    pub folds: usize,
    /// Which of them is the test set, counted from 1.
    pub fold: usize,
    /// Fraction of each label outside of that fold for choosing by.
    pub valid: f64,
}

impl Default for KFold {
    fn default() -> Self {
        Self { folds: 5, fold: 1, valid: 0.1 }
    }
}

impl Config for KFold {
    const NAME: &'static str = "k-fold";
    const SUMMARY: &'static str = "one of k folds is the test set, by label and whole clusters";

    fn check(&self) -> Result<(), Invalid> {
        check_fractions(&[("valid", self.valid)])?;
        if !FOLDS.contains(&self.folds) {
            return Err(Invalid::new("folds", "must be in 2..=1000", self.folds));
        }
        if !(1..=self.folds).contains(&self.fold) {
            let rule = format!("must be from 1 to folds = {}", self.folds);
            return Err(Invalid::new("fold", rule, self.fold));
        }
        Ok(())
    }
}

/// The fold of each row, from 0, of at least one: every label in equal shares, whole clusters.
pub fn folds(rows: &[SplitRow], folds: usize, seed: Seed) -> Vec<usize> {
    let folds = folds.max(1);
    let shares = vec![1.0 / folds as f64; folds];
    balance::deal(rows, &vec![None; rows.len()], &shares, seed.derive("folds"))
}

impl Splitter for KFold {
    fn assign(&self, rows: &[SplitRow], seed: Seed) -> Result<Vec<Split>> {
        // Not from the fold: all k must be parts of one cut.
        let fold_of = folds(rows, self.folds, seed);
        let mut splits = vec![Split::Test; rows.len()];
        let rest: Vec<usize> = (0..rows.len()).filter(|row| fold_of[*row] + 1 != self.fold).collect();
        deal(rows, &rest, &[(Split::Valid, self.valid)], seed, &mut splits);
        let few = "there are fewer clusters than folds";
        check_filled(&splits, &[(Split::Train, few), (Split::Test, few)])?;
        Ok(splits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use biotope_core::RecordId;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn rows(spec: &[(u8, u8)]) -> Vec<SplitRow> {
        let row = |(index, (label, cluster)): (usize, &(u8, u8))| SplitRow {
            id: RecordId::of(&[&index.to_le_bytes()]),
            label: Some(format!("标签{label}").into()),
            published: None,
            cluster: RecordId::of(&[&[*cluster]]),
            group: None,
        };
        spec.iter().enumerate().map(row).collect()
    }

    #[test]
    fn labels_are_shared_out_evenly() {
        let spec: Vec<(u8, u8)> = (0..100).map(|n| (u8::from(n >= 20) + u8::from(n >= 70), n)).collect();
        let rows = rows(&spec);
        for fold in 1..=5 {
            let rule = KFold { fold, ..KFold::default() };
            let splits = rule.assign(&rows, Seed(7)).unwrap();
            let mut counts = [0; 3];
            for (row, (label, _)) in spec.iter().enumerate() {
                counts[usize::from(*label)] += usize::from(splits[row] == Split::Test);
            }
            assert_eq!(counts, [4, 10, 6], "fold {fold}");
        }
        assert_eq!(
            KFold { fold: 6, ..KFold::default() }.check().unwrap_err().to_string(),
            "invalid fold: must be from 1 to folds = 5, got 6"
        );
    }

    proptest! {
        #[test]
        fn every_row_is_tested_on_once_and_no_cluster_is_cut(
            spec in prop::collection::vec((0u8..4, 0u8..40), 40..120), seed in 0u64..9
        ) {
            let rows = rows(&spec);
            let mut tested = vec![0; rows.len()];
            for fold in 1..=4 {
                let rule = KFold { folds: 4, fold, valid: 0.0 };
                let splits = rule.assign(&rows, Seed(seed)).unwrap();
                let mut clusters = HashMap::new();
                for (index, split) in splits.into_iter().enumerate() {
                    tested[index] += usize::from(split == Split::Test);
                    prop_assert_eq!(*clusters.entry(rows[index].cluster).or_insert(split), split);
                }
            }
            prop_assert!(tested.iter().all(|times| *times == 1));
        }
    }
}
