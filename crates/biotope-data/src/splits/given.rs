//! The split that the publisher of a dataset gave: by file name, or by any other entry of the meta data.

use biotope_core::{Config, Document, Invalid, Seed};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::split::{Split, SplitRow, Splitter, check_filled, check_fractions, deal};

/// Documents whose meta entry has one of some values are the test (or valid) set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Given {
    /// The meta entry; file sources write `"file"`.
    pub meta: String,
    /// Its values for the test set (`["test.csv"]`).
    pub test: Vec<String>,
    /// Its values for the validation set; if there are none, `valid` is carved from the rest.
    pub valid_values: Vec<String>,
    /// Fraction of each label in the rest for choosing by.
    pub valid: f64,
    /// Whether the test set must stay whole; see [`super::time::Time::protect_test`].
    pub protect_test: bool,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            meta: "file".into(),
            test: Vec::new(),
            valid_values: Vec::new(),
            valid: 0.1,
            protect_test: true,
        }
    }
}

impl Config for Given {
    const NAME: &'static str = "given";
    const SUMMARY: &'static str = "the publisher's own split, by file or meta entry";

    fn check(&self) -> Result<(), Invalid> {
        check_fractions(&[("valid", self.valid)])?;
        if self.meta.is_empty() || self.test.is_empty() {
            let rule = "must name the values that are the test set";
            return Err(
                Invalid::new("test", rule, format!("{:?}", self.test)).with_hint("test = [\"test.csv\"]")
            );
        }
        Ok(())
    }
}

fn is_in(row: &SplitRow, values: &[String]) -> bool {
    row.group.as_deref().is_some_and(|group| values.iter().any(|value| value == group))
}

impl Splitter for Given {
    fn protected(&self, rows: &[SplitRow]) -> Result<Vec<bool>> {
        Ok(rows.iter().map(|row| self.protect_test && is_in(row, &self.test)).collect())
    }

    fn group(&self, doc: &Document) -> Option<String> {
        doc.meta.get(&self.meta).cloned()
    }

    fn assign(&self, rows: &[SplitRow], seed: Seed) -> Result<Vec<Split>> {
        let mut splits = vec![Split::Train; rows.len()];
        let mut rest = Vec::new();
        let test: std::collections::HashSet<_> =
            rows.iter().filter(|row| is_in(row, &self.test)).map(|row| row.cluster).collect();
        for (index, row) in rows.iter().enumerate() {
            // Unprotected, the whole cluster follows its member in the test set.
            if is_in(row, &self.test) || (!self.protect_test && test.contains(&row.cluster)) {
                splits[index] = Split::Test;
            } else if is_in(row, &self.valid_values) {
                splits[index] = Split::Valid;
            } else {
                rest.push(index);
            }
        }
        if self.valid_values.is_empty() {
            deal(rows, &rest, &[(Split::Valid, self.valid)], seed, &mut splits);
        }
        let empty = [
            (Split::Train, "every document has a value of the test or valid set"),
            (Split::Test, "no document has a value of the test set"),
        ];
        check_filled(&splits, &empty)?;
        Ok(splits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use biotope_core::RecordId;

    #[test]
    fn the_publishers_test_file_is_the_test_set() {
        let row = |n: u8, file: &str| {
            let id = RecordId::of(&[&[n]]);
            SplitRow {
                id,
                label: Some("体育".into()),
                published: None,
                cluster: id,
                group: Some(file.into()),
            }
        };
        let rows: Vec<SplitRow> =
            (0..12).map(|n| row(n, if n % 4 == 0 { "test.csv" } else { "train.csv" })).collect();
        let rule = Given { test: vec!["test.csv".into()], valid: 0.2, ..Given::default() };
        let splits = rule.assign(&rows, Seed(3)).unwrap();
        let count = |split| splits.iter().filter(|s| **s == split).count();
        assert_eq!((count(Split::Test), count(Split::Valid), count(Split::Train)), (3, 2, 7));
        assert_eq!(rule.protected(&rows).unwrap().iter().filter(|p| **p).count(), 3);
        assert!(Given::default().check().is_err());
    }
}
