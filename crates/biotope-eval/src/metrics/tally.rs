//! What metrics keep between rows.
// tidy: no entry because it is what several metrics count with

use biotope_core::{Prediction, Target, Task};

use crate::confusion::{ConfusionMatrix, Counts};
use crate::metric::Tally;
use crate::roc::auc;
use crate::rows::{flags, is_hit};
use crate::{Reliability, loss};

/// Right rows among all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hits {
    pub(crate) right: u64,
    pub(crate) rows: u64,
}

impl Tally for Hits {
    fn add(&mut self, prediction: &Prediction, target: &Target) {
        self.right += u64::from(is_hit(prediction, target));
        self.rows += 1;
    }

    fn merge(&mut self, other: &Self) -> bool {
        self.right += other.right;
        self.rows += other.rows;
        true
    }
}

/// Counts per label, of either kind of classification.
#[derive(Clone, Debug)]
pub(crate) struct LabelCounts {
    pub(crate) counts: Vec<Counts>,
    /// Whether labels that never occur count in a macro mean (they do when there may be many labels).
    pub(crate) is_multi: bool,
    pub(crate) rows: u64,
}

impl LabelCounts {
    pub(crate) fn new(task: &Task) -> Self {
        let is_multi = matches!(task, Task::MultiLabel { .. });
        Self { counts: vec![Counts::default(); task.labels().len()], is_multi, rows: 0 }
    }
}

impl Tally for LabelCounts {
    fn add(&mut self, prediction: &Prediction, target: &Target) {
        self.rows += 1;
        count_labels(&mut self.counts, prediction, target, 1);
    }

    fn merge(&mut self, other: &Self) -> bool {
        self.rows += other.rows;
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine = mine.plus(*theirs));
        true
    }
}

/// Adds a row to the counts of all labels.
pub(crate) fn count_labels(counts: &mut [Counts], prediction: &Prediction, target: &Target, times: u64) {
    match target {
        Target::Class(truth) => {
            let best = prediction.best();
            for (class, counts) in counts.iter_mut().enumerate() {
                counts.add(best == Some(class), *truth == class, times);
            }
        }
        Target::Labels(truth) => {
            let rows = counts.iter_mut().zip(flags(&prediction.scores).zip(truth));
            rows.for_each(|(counts, (predicted, actual))| counts.add(predicted, *actual, times));
        }
        Target::Value(_) => {}
    }
}

impl Tally for ConfusionMatrix {
    fn add(&mut self, prediction: &Prediction, target: &Target) {
        if let (Target::Class(truth), Some(best)) = (target, prediction.best()) {
            ConfusionMatrix::add(self, *truth, best, 1);
        }
    }

    fn merge(&mut self, other: &Self) -> bool {
        ConfusionMatrix::merge(self, other)
    }
}

impl Tally for Reliability {
    fn add(&mut self, prediction: &Prediction, target: &Target) {
        let confidence = prediction.scores.iter().copied().fold(0.0, f64::max);
        Reliability::add(self, confidence, is_hit(prediction, target), 1);
    }

    fn merge(&mut self, other: &Self) -> bool {
        Reliability::merge(self, other)
    }
}

/// The mean of a number that each row has by itself.
#[derive(Clone, Debug)]
pub(crate) struct Mean {
    pub(crate) of: fn(&Prediction, &Target) -> f64,
    pub(crate) sum: f64,
    pub(crate) rows: u64,
}

impl Mean {
    pub(crate) fn new(of: fn(&Prediction, &Target) -> f64) -> Self {
        Self { of, sum: 0.0, rows: 0 }
    }

    pub(crate) fn value(&self) -> Option<f64> {
        (self.rows > 0).then(|| self.sum / self.rows as f64)
    }
}

impl Tally for Mean {
    fn add(&mut self, prediction: &Prediction, target: &Target) {
        self.sum += (self.of)(prediction, target);
        self.rows += 1;
    }

    fn merge(&mut self, other: &Self) -> bool {
        self.sum += other.sum;
        self.rows += other.rows;
        true
    }
}

/// All scores: what a ranking needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scores {
    rows: Vec<(Prediction, Target)>,
}

impl Tally for Scores {
    fn add(&mut self, prediction: &Prediction, target: &Target) {
        self.rows.push((prediction.clone(), target.clone()));
    }

    fn merge(&mut self, other: &Self) -> bool {
        self.rows.extend_from_slice(&other.rows);
        true
    }
}

impl Scores {
    /// Area under the curve of each label against the rest, with the label's number of rows.
    fn areas(&self) -> Vec<(Option<f64>, u64)> {
        let labels = self.rows.first().map_or(0, |row| row.0.scores.len());
        let area = |label| {
            let positive: Vec<bool> = self.rows.iter().map(|row| has_label(&row.1, label)).collect();
            let scores: Vec<f64> = self.rows.iter().map(|row| row.0.scores[label]).collect();
            (auc(&scores, &positive), positive.iter().map(|p| u64::from(*p)).sum())
        };
        labels_to_rank(labels, self.rows.first().map(|row| &row.1)).map(area).collect()
    }

    pub(crate) fn macro_auc(&self) -> Option<f64> {
        mean_area(self.areas().into_iter().map(|(area, _)| (area, 1)))
    }

    pub(crate) fn weighted_auc(&self) -> Option<f64> {
        mean_area(self.areas().into_iter())
    }
}

/// One curve says it all for two exclusive labels: that of the second.
pub(crate) fn labels_to_rank(labels: usize, any: Option<&Target>) -> std::ops::Range<usize> {
    let is_binary = labels == 2 && matches!(any, Some(Target::Class(_)));
    if is_binary { 1..2 } else { 0..labels }
}

/// The weighted mean over the labels that have an area.
pub(crate) fn mean_area(areas: impl Iterator<Item = (Option<f64>, u64)>) -> Option<f64> {
    let (mut sum, mut weights) = (0.0, 0);
    for (area, weight) in areas {
        if let Some(area) = area {
            sum += area * weight as f64;
            weights += weight;
        }
    }
    (weights > 0).then(|| sum / weights as f64)
}

/// Whether a row carries the label.
pub(crate) fn has_label(target: &Target, label: usize) -> bool {
    match target {
        Target::Class(class) => *class == label,
        Target::Labels(flags) => flags[label],
        Target::Value(_) => false,
    }
}

/// Logarithmic loss of a row, in nats.
pub(crate) fn log_loss_of(prediction: &Prediction, target: &Target) -> f64 {
    match target {
        Target::Class(class) => loss::log_loss(&prediction.scores, *class),
        Target::Labels(flags) => loss::binary_log_loss(&prediction.scores, flags),
        Target::Value(_) => f64::NAN,
    }
}

/// Brier score of a row.
pub(crate) fn brier_of(prediction: &Prediction, target: &Target) -> f64 {
    match target {
        Target::Class(class) => loss::brier(&prediction.scores, *class),
        Target::Labels(_) | Target::Value(_) => f64::NAN,
    }
}

/// Prediction less truth, of a regression.
pub(crate) fn error_of(prediction: &Prediction, target: &Target) -> f64 {
    match target {
        Target::Value(value) => prediction.scores[0] - value,
        Target::Class(_) | Target::Labels(_) => f64::NAN,
    }
}

/// What the coefficient of determination needs (Welford 1962, merged as Chan et al. 1979).
#[derive(Clone, Debug, Default)]
pub(crate) struct Spread {
    rows: f64,
    mean: f64,
    squares: f64,
    errors: f64,
}

impl Spread {
    pub(crate) fn push(&mut self, value: f64, error: f64, times: f64) {
        if times > 0.0 {
            self.join(&Self { rows: times, mean: value, squares: 0.0, errors: times * error * error });
        }
    }

    pub(crate) fn join(&mut self, other: &Self) {
        let rows = self.rows + other.rows;
        if other.rows == 0.0 {
            return;
        }
        let shift = other.mean - self.mean;
        self.squares += other.squares + shift * shift * self.rows * other.rows / rows;
        self.mean += shift * other.rows / rows;
        self.errors += other.errors;
        self.rows = rows;
    }

    /// `1 - residual / total`. For a constant truth: 1 if it is met exactly, else 0. `None` below two rows.
    pub(crate) fn r2(&self) -> Option<f64> {
        if self.rows < 2.0 {
            return None;
        }
        if self.squares == 0.0 {
            return Some(if self.errors == 0.0 { 1.0 } else { 0.0 });
        }
        Some(1.0 - self.errors / self.squares)
    }
}

impl Tally for Spread {
    fn add(&mut self, prediction: &Prediction, target: &Target) {
        if let Target::Value(value) = target {
            self.push(*value, error_of(prediction, target), 1.0);
        }
    }

    fn merge(&mut self, other: &Self) -> bool {
        self.join(other);
        true
    }
}
