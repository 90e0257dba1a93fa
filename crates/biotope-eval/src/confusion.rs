//! The confusion matrix and everything that is a function of counts alone.

use serde::{Deserialize, Serialize};

/// Precision, recall and F1. A ratio with an empty denominator is 0, as scikit-learn's
/// `zero_division=0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prf {
    /// `tp / (tp + fp)`.
    pub precision: f64,
    /// `tp / (tp + fn)`.
    pub recall: f64,
    /// `2 tp / (2 tp + fp + fn)`.
    pub f1: f64,
}

impl Prf {
    /// From true positives, predicted positives and actual positives.
    pub fn of(tp: u64, predicted: u64, actual: u64) -> Self {
        Self {
            precision: ratio(tp, predicted),
            recall: ratio(tp, actual),
            f1: ratio(2 * tp, predicted + actual),
        }
    }

    fn scaled(self, by: f64) -> Self {
        Self { precision: self.precision * by, recall: self.recall * by, f1: self.f1 * by }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            precision: self.precision + other.precision,
            recall: self.recall + other.recall,
            f1: self.f1 + other.f1,
        }
    }
}

/// Counts of one class (or one label of a multi-label task).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows of the class that were predicted as such.
    pub tp: u64,
    /// Rows predicted as the class.
    pub predicted: u64,
    /// Rows of the class (scikit-learn's support).
    pub actual: u64,
}

impl Counts {
    /// Counts one more row, `times` times.
    pub fn add(&mut self, predicted: bool, actual: bool, times: u64) {
        self.tp += times * u64::from(predicted && actual);
        self.predicted += times * u64::from(predicted);
        self.actual += times * u64::from(actual);
    }

    /// The counts of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            tp: self.tp + other.tp,
            predicted: self.predicted + other.predicted,
            actual: self.actual + other.actual,
        }
    }

    /// Precision, recall and F1.
    pub fn prf(self) -> Prf {
        Prf::of(self.tp, self.predicted, self.actual)
    }

    fn is_seen(self) -> bool {
        self.predicted + self.actual > 0
    }
}

/// Over the sum of all counts.
pub fn micro(counts: &[Counts]) -> Prf {
    counts.iter().fold(Counts::default(), |sum, c| sum.plus(*c)).prf()
}

/// The plain mean over the classes that occur in truth or prediction: scikit-learn's default of
/// `labels`. With `all`, over every label (its behaviour for multi-label, or with `labels=` given).
pub fn macro_average(counts: &[Counts], all: bool) -> Prf {
    let seen: Vec<Prf> = counts.iter().filter(|c| all || c.is_seen()).map(|c| c.prf()).collect();
    let sum = seen.iter().fold(Prf::default(), |sum, prf| sum.plus(*prf));
    sum.scaled(1.0 / seen.len().max(1) as f64)
}

/// The mean weighted by support.
pub fn weighted(counts: &[Counts]) -> Prf {
    let total: u64 = counts.iter().map(|c| c.actual).sum();
    let sum = counts.iter().fold(Prf::default(), |sum, c| sum.plus(c.prf().scaled(c.actual as f64)));
    sum.scaled(1.0 / total.max(1) as f64)
}

/// `counts[truth][prediction]`, square.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConfusionMatrix {
    counts: Vec<Vec<u64>>,
}

impl ConfusionMatrix {
    /// All zero.
    pub fn new(classes: usize) -> Self {
        Self { counts: vec![vec![0; classes]; classes] }
    }

    /// From pairs of class indices below `classes`.
    ///
    /// ```
    /// let matrix = biotope_eval::ConfusionMatrix::of(2, [(0, 0), (0, 1), (1, 1)]);
    /// assert_eq!(matrix.rows(), [[1, 1], [0, 1]]);
    /// ```
    pub fn of(classes: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut matrix = Self::new(classes);
        pairs.into_iter().for_each(|(truth, predicted)| matrix.add(truth, predicted, 1));
        matrix
    }

    /// Counts a row of class `truth` predicted as `predicted`, `times` times.
    pub fn add(&mut self, truth: usize, predicted: usize, times: u64) {
        self.counts[truth][predicted] += times;
    }

    /// Adds the counts of another matrix; `false` (and no change) if the sizes differ.
    pub fn merge(&mut self, other: &Self) -> bool {
        if self.classes() != other.classes() {
            return false;
        }
        let cells = self.counts.iter_mut().flatten();
        cells.zip(other.counts.iter().flatten()).for_each(|(mine, theirs)| *mine += theirs);
        true
    }

    /// How many classes.
    pub fn classes(&self) -> usize {
        self.counts.len()
    }

    /// One row per true class, one column per predicted class.
    pub fn rows(&self) -> &[Vec<u64>] {
        &self.counts
    }

    /// How many rows were counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// How many of them lie on the diagonal.
    pub fn correct(&self) -> u64 {
        (0..self.classes()).map(|class| self.counts[class][class]).sum()
    }

    /// Share on the diagonal; `None` when empty.
    pub fn accuracy(&self) -> Option<f64> {
        (self.total() > 0).then(|| ratio(self.correct(), self.total()))
    }

    /// The counts of each class.
    pub fn per_class(&self) -> Vec<Counts> {
        let mut counts = vec![Counts::default(); self.classes()];
        for (truth, row) in self.counts.iter().enumerate() {
            for (predicted, &times) in row.iter().enumerate() {
                counts[truth].actual += times;
                counts[predicted].predicted += times;
            }
            counts[truth].tp = row[truth];
        }
        counts
    }

    /// Mean recall over the classes that occur in truth (scikit-learn's `balanced_accuracy_score`).
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let recalls: Vec<f64> =
            self.per_class().iter().filter(|c| c.actual > 0).map(|c| c.prf().recall).collect();
        (!recalls.is_empty()).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
    }

    /// Matthews correlation for several classes (Gorodkin 2004), in -1..=1; 0 where it is undefined.
    pub fn matthews(&self) -> Option<f64> {
        let total = self.total() as f64;
        if total == 0.0 {
            return None;
        }
        let (mut cross, mut actual, mut predicted) = (0.0, 0.0, 0.0);
        for counts in self.per_class() {
            let (a, p) = (counts.actual as f64, counts.predicted as f64);
            cross += a * p;
            actual += a * a;
            predicted += p * p;
        }
        let spread = (total * total - actual) * (total * total - predicted);
        let covariance = self.correct() as f64 * total - cross;
        Some(if spread == 0.0 { 0.0 } else { covariance / spread.sqrt() })
    }
}

pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_nobody_sees_does_not_lower_the_macro_mean() {
        let matrix = ConfusionMatrix::of(3, [(0, 0), (0, 1), (1, 1)]);
        let counts = matrix.per_class();
        assert!((macro_average(&counts, false).f1 - 2.0 / 3.0).abs() < 1e-15);
        assert!((macro_average(&counts, true).f1 - 4.0 / 9.0).abs() < 1e-15);
        assert_eq!(micro(&counts).f1, matrix.accuracy().unwrap());
    }

    #[test]
    fn nothing_counted_is_nothing_known() {
        let matrix = ConfusionMatrix::new(2);
        assert_eq!((matrix.accuracy(), matrix.balanced_accuracy(), matrix.matthews()), (None, None, None));
        assert_eq!(weighted(&matrix.per_class()), Prf::default());
    }

    #[test]
    fn one_predicted_class_has_no_correlation() {
        assert_eq!(ConfusionMatrix::of(2, [(0, 0), (1, 0)]).matthews(), Some(0.0));
        assert_eq!(ConfusionMatrix::of(2, [(0, 0), (1, 1)]).matthews(), Some(1.0));
        assert_eq!(ConfusionMatrix::of(2, [(0, 1), (1, 0)]).matthews(), Some(-1.0));
    }

    #[test]
    fn matrices_of_different_size_do_not_merge() {
        assert!(!ConfusionMatrix::new(2).merge(&ConfusionMatrix::new(3)));
    }
}
