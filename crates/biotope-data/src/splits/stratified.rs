//! Every label in the same proportions in every split.

use biotope_core::{Config, Invalid, Seed};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::split::{Split, SplitRow, Splitter, check_filled, check_fractions, deal};

/// Fractions of each label, dealt by a seeded hash of the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stratified {
    /// Fraction of each label for choosing by.
    pub valid: f64,
    /// Fraction of each label for reporting on.
    pub test: f64,
}

impl Default for Stratified {
    fn default() -> Self {
        Self { valid: 0.1, test: 0.1 }
    }
}

impl Config for Stratified {
    const NAME: &'static str = "stratified";
    const SUMMARY: &'static str = "fractions of each label, by a seeded hash";

    fn check(&self) -> Result<(), Invalid> {
        check_fractions(&[("valid", self.valid), ("test", self.test)])
    }
}

impl Splitter for Stratified {
    fn assign(&self, rows: &[SplitRow], seed: Seed) -> Result<Vec<Split>> {
        let mut splits = vec![Split::Train; rows.len()];
        let all: Vec<usize> = (0..rows.len()).collect();
        deal(rows, &all, &[(Split::Test, self.test), (Split::Valid, self.valid)], seed, &mut splits);
        check_filled(&splits, &[(Split::Train, "every document went into another")])?;
        Ok(splits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use biotope_core::RecordId;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn rows(spec: &[(u8, u8)]) -> Vec<SplitRow> {
        let row = |(index, (label, cluster)): (usize, &(u8, u8))| SplitRow {
            id: RecordId::of(&[&index.to_le_bytes()]),
            label: Some(format!("标签{}", label % 3).into()),
            published: None,
            cluster: RecordId::of(&[b"cluster", &[*cluster]]),
            group: None,
        };
        spec.iter().enumerate().map(row).collect()
    }

    proptest! {
        #[test]
        fn no_cluster_is_cut_and_order_does_not_matter(
            spec in prop::collection::vec((0u8..3, 0u8..40), 1..120), seed: u64,
        ) {
            let rule = Stratified { valid: 0.2, test: 0.2 };
            let rows = rows(&spec);
            let splits = rule.assign(&rows, Seed(seed)).unwrap();
            let mut seen = BTreeMap::new();
            for (row, split) in rows.iter().zip(&splits) {
                prop_assert_eq!(*seen.entry(row.cluster).or_insert(*split), *split);
            }
            let turned: Vec<SplitRow> = rows.iter().rev().cloned().collect();
            let mut again = rule.assign(&turned, Seed(seed)).unwrap();
            again.reverse();
            prop_assert_eq!(splits, again);
        }
    }

    #[test]
    fn each_label_keeps_its_proportion() {
        let spec: Vec<(u8, u8)> = (0..200).map(|n| (u8::from(n < 20), n)).collect();
        let rows = rows(&spec);
        let splits = Stratified { valid: 0.1, test: 0.2 }.assign(&rows, Seed(7)).unwrap();
        let count = |label: &str, split| {
            rows.iter()
                .zip(&splits)
                .filter(|(row, s)| row.label.as_deref() == Some(label) && **s == split)
                .count()
        };
        assert_eq!((count("标签1", Split::Test), count("标签1", Split::Valid)), (4, 2));
        assert_eq!((count("标签0", Split::Test), count("标签0", Split::Valid)), (36, 18));
    }

    #[test]
    fn another_seed_deals_otherwise_and_the_same_alike() {
        let rows = rows(&(0..60).map(|n| (0, n)).collect::<Vec<_>>());
        let rule = Stratified::default();
        assert_eq!(rule.assign(&rows, Seed(1)).unwrap(), rule.assign(&rows, Seed(1)).unwrap());
        assert_ne!(rule.assign(&rows, Seed(1)).unwrap(), rule.assign(&rows, Seed(2)).unwrap());
    }

    #[test]
    fn fractions_that_leave_nothing_are_refused() {
        let error = Stratified { valid: 0.5, test: 0.5 }.check().unwrap_err();
        assert_eq!(error.to_string(), "invalid valid + test: must leave something to train on, got 1");
    }
}
