//! The past to learn from, the future to be tested on.

use biotope_core::{Config, Invalid, Seed};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dates::moment;
use crate::split::{Split, SplitRow, Splitter, check_filled, check_fractions, deal};
use crate::{Error, Result};

/// Everything published at or after a moment is the test set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Time {
    /// First moment of the test set: `YYYY-MM-DD` or RFC 3339.
    pub test_from: String,
    /// Fraction of each label before that moment for choosing by.
    pub valid: f64,
    /// Whether the test set is a published one that must stay whole: its own duplicates stay, and whatever in the
    /// past is a near-duplicate of it is quarantined.
    pub protect_test: bool,
}

impl Default for Time {
    fn default() -> Self {
        Self { test_from: String::new(), valid: 0.1, protect_test: false }
    }
}

impl Config for Time {
    const NAME: &'static str = "time";
    const SUMMARY: &'static str = "test on what was published from a date on";

    fn check(&self) -> Result<(), Invalid> {
        check_fractions(&[("valid", self.valid)])?;
        if moment(&self.test_from).is_some() {
            return Ok(());
        }
        Err(Invalid::new("test_from", "must be a date", format!("{:?}", self.test_from))
            .with_hint("test_from = \"1987-04-08\""))
    }
}

impl Time {
    fn border(&self) -> Result<Timestamp> {
        self.check()?;
        Ok(moment(&self.test_from).expect("check() read it"))
    }
}

impl Splitter for Time {
    fn protected(&self, rows: &[SplitRow]) -> Result<Vec<bool>> {
        let border = self.border()?;
        Ok(rows.iter().map(|row| self.protect_test && row.published.is_some_and(|at| at >= border)).collect())
    }

    fn assign(&self, rows: &[SplitRow], seed: Seed) -> Result<Vec<Split>> {
        let border = self.border()?;
        refuse_undated(rows)?;
        let is_test = |row: &SplitRow| row.published.is_some_and(|at| at >= border);
        let past: std::collections::HashSet<_> =
            rows.iter().filter(|row| !is_test(row)).map(|row| row.cluster).collect();
        // A cluster that crosses the border was known before it; only what is protected stays in the test set.
        let train = |row: &SplitRow| !is_test(row) || (!self.protect_test && past.contains(&row.cluster));
        let indices: Vec<usize> = (0..rows.len()).filter(|index| train(&rows[*index])).collect();
        let mut splits = vec![Split::Test; rows.len()];
        deal(rows, &indices, &[(Split::Valid, self.valid)], seed, &mut splits);
        let empty = [
            (Split::Train, "nothing was published before test_from"),
            (Split::Test, "nothing was published at or after test_from"),
        ];
        check_filled(&splits, &empty)?;
        Ok(splits)
    }
}

fn refuse_undated(rows: &[SplitRow]) -> Result<()> {
    let mut undated = rows.iter().filter(|row| row.published.is_none());
    let Some(first) = undated.next() else { return Ok(()) };
    Err(Error::NoDate { count: 1 + undated.count(), rows: rows.len(), first: first.id.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use biotope_core::RecordId;

    fn row(n: u8, day: Option<&str>, cluster: u8) -> SplitRow {
        SplitRow {
            id: RecordId::of(&[&[n]]),
            label: Some("earn".into()),
            published: day.and_then(moment),
            cluster: RecordId::of(&[b"c", &[cluster]]),
            group: None,
        }
    }

    fn rule(protect_test: bool) -> Time {
        Time { test_from: "1987-04-08".into(), valid: 0.0, protect_test }
    }

    #[test]
    fn the_border_itself_is_test() {
        let rows = [row(1, Some("1987-04-07T23:59:59Z"), 1), row(2, Some("1987-04-08"), 2)];
        assert_eq!(rule(false).assign(&rows, Seed(1)).unwrap(), [Split::Train, Split::Test]);
        assert_eq!(rule(true).protected(&rows).unwrap(), [false, true]);
    }

    #[test]
    fn a_cluster_across_the_border_is_not_cut() {
        let rows =
            [row(1, Some("1987-04-01"), 1), row(2, Some("1987-04-09"), 1), row(3, Some("1987-04-09"), 3)];
        assert_eq!(rule(false).assign(&rows, Seed(1)).unwrap(), [Split::Train, Split::Train, Split::Test]);
    }

    #[test]
    fn how_its_errors_look() {
        let undated = [row(1, None, 1), row(2, Some("1987-04-09"), 2)];
        let error = rule(false).assign(&undated, Seed(1)).unwrap_err();
        assert!(
            error.to_string().starts_with("1 of 2 documents have no date of publication, first "),
            "{error}"
        );
        let late = [row(2, Some("1987-04-09"), 2)];
        let error = rule(false).assign(&late, Seed(1)).unwrap_err();
        assert_eq!(error.to_string(), "the train split is empty: nothing was published before test_from");
        let error = Time { test_from: "April".into(), ..Time::default() }.check().unwrap_err();
        assert_eq!(error.to_string(), "invalid test_from: must be a date, got \"April\"");
    }
}
