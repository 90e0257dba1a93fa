//! Calibration: do the rows that are called 80 % sure turn out right in 80 % of cases?

use serde::{Deserialize, Serialize};

/// Confidence and outcome in bins of equal width over 0..=1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reliability {
    bins: Vec<Bin>,
}

/// The rows whose confidence lies in `(low, high]` (the first bin takes 0, too).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// How many rows.
    pub count: u64,
    /// How many of them are right.
    pub correct: u64,
    /// Sum of their confidences.
    pub confidence_sum: f64,
}

impl Bin {
    /// Share of right rows; 0 when empty.
    pub fn accuracy(&self) -> f64 {
        crate::confusion::ratio(self.correct, self.count)
    }

    /// Mean confidence; 0 when empty.
    pub fn confidence(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.confidence_sum / self.count as f64 }
    }
}

impl Reliability {
    /// Empty bins.
    pub fn new(bins: usize) -> Self {
        let edge = |i: usize| i as f64 / bins as f64;
        Self { bins: (0..bins).map(|i| Bin { low: edge(i), high: edge(i + 1), ..Bin::default() }).collect() }
    }

    /// Counts a row, `times` times.
    pub fn add(&mut self, confidence: f64, is_right: bool, times: u64) {
        let bin = self.place(confidence);
        self.bins[bin].count += times;
        self.bins[bin].correct += times * u64::from(is_right);
        self.bins[bin].confidence_sum += confidence * times as f64;
    }

    fn place(&self, confidence: f64) -> usize {
        let after = self.bins.partition_point(|bin| bin.high < confidence);
        after.min(self.bins.len() - 1)
    }

    /// Adds another's counts; `false` (and no change) if the bins differ in number.
    pub fn merge(&mut self, other: &Self) -> bool {
        if self.bins.len() != other.bins.len() {
            return false;
        }
        for (mine, theirs) in self.bins.iter_mut().zip(&other.bins) {
            mine.count += theirs.count;
            mine.correct += theirs.correct;
            mine.confidence_sum += theirs.confidence_sum;
        }
        true
    }

    /// The bins, ascending.
    pub fn bins(&self) -> &[Bin] {
        &self.bins
    }

    /// Expected calibration error (Naeini et al. 2015): the mean over rows of the gap between
    /// accuracy and confidence of their bin. `None` when empty.
    pub fn expected_error(&self) -> Option<f64> {
        let total: u64 = self.bins.iter().map(|bin| bin.count).sum();
        let gap = |bin: &Bin| (bin.correct as f64 - bin.confidence_sum).abs();
        (total > 0).then(|| self.bins.iter().map(gap).sum::<f64>() / total as f64)
    }

    /// The largest gap of any bin. `None` when empty.
    pub fn max_error(&self) -> Option<f64> {
        let full = self.bins.iter().filter(|bin| bin.count > 0);
        full.map(|bin| (bin.accuracy() - bin.confidence()).abs()).max_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_belong_to_the_bin_below() {
        let mut reliability = Reliability::new(10);
        for confidence in [0.0, 0.1, 0.3, 0.3 + 1e-12, 1.0, 1.000_000_1] {
            reliability.add(confidence, true, 1);
        }
        let counts: Vec<u64> = reliability.bins().iter().map(|bin| bin.count).collect();
        assert_eq!(counts, [2, 0, 1, 1, 0, 0, 0, 0, 0, 2]);
    }

    #[test]
    fn a_sure_and_wrong_model_is_off_by_everything() {
        let mut reliability = Reliability::new(5);
        assert_eq!((reliability.expected_error(), reliability.max_error()), (None, None));
        reliability.add(1.0, false, 3);
        assert_eq!((reliability.expected_error(), reliability.max_error()), (Some(1.0), Some(1.0)));
        assert!(!reliability.merge(&Reliability::new(6)));
    }
}
