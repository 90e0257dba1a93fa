//! Rows brought into the form in which a thousand resamples are cheap.

use biotope_core::{Prediction, Target, Task};

use crate::ConfusionMatrix;
use crate::Reliability;
use crate::confusion::{Counts, macro_average, micro, weighted};
use crate::metrics::tally::{
    Spread, brier_of, count_labels, error_of, has_label, labels_to_rank, log_loss_of, mean_area,
};
use crate::roc::{descending, weighted_auc};
use crate::rows::is_hit;

/// Bins of the calibration error, as the metric of that name counts it.
const BINS: usize = 10;

/// All rows of one evaluation; every number is a function of how often each row counts.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    pub(crate) task: &'a Task,
    predictions: &'a [Prediction],
    targets: &'a [Target],
    hits: Vec<bool>,
    /// Best class and its score.
    best: Vec<(usize, f64)>,
    log_loss: Vec<f64>,
    brier: Vec<f64>,
    /// For each label to rank: which, and the rows by descending score.
    ranks: Vec<(usize, Vec<usize>, Vec<f64>)>,
}

pub(crate) type Named = (&'static str, Option<f64>);

impl<'a> Prepared<'a> {
    pub(crate) fn new(task: &'a Task, predictions: &'a [Prediction], targets: &'a [Target]) -> Self {
        let each = |of: fn(&Prediction, &Target) -> f64| -> Vec<f64> {
            predictions.iter().zip(targets).map(|(p, t)| of(p, t)).collect()
        };
        let rank = |label: usize| {
            let scores: Vec<f64> = predictions.iter().map(|p| p.scores[label]).collect();
            (label, descending(&scores), scores)
        };
        Self {
            task,
            predictions,
            targets,
            hits: predictions.iter().zip(targets).map(|(p, t)| is_hit(p, t)).collect(),
            best: predictions.iter().map(best).collect(),
            log_loss: each(log_loss_of),
            brier: each(brier_of),
            ranks: labels_to_rank(task.labels().len(), targets.first()).map(rank).collect(),
        }
    }

    /// Every number of the task, in a fixed order.
    pub(crate) fn numbers(&self, times: &[u32]) -> Vec<Named> {
        match self.task {
            Task::SingleLabel { .. } => self.single(times),
            Task::MultiLabel { .. } => self.multi(times),
            Task::Regression => self.regression(times),
        }
    }

    fn single(&self, times: &[u32]) -> Vec<Named> {
        let matrix = self.confusion(times);
        let mut numbers = averages(&matrix.per_class(), false);
        numbers.extend([
            ("accuracy", matrix.accuracy()),
            ("balanced-accuracy", matrix.balanced_accuracy()),
            ("brier", mean(&self.brier, times)),
            ("calibration-error", self.reliability(times).expected_error()),
            ("log-loss", mean(&self.log_loss, times)),
            ("matthews", matrix.matthews()),
        ]);
        numbers.extend(self.areas(times));
        numbers
    }

    fn multi(&self, times: &[u32]) -> Vec<Named> {
        let counts = self.counts(times);
        let wrong: u64 = counts.iter().map(|c| c.predicted + c.actual - 2 * c.tp).sum();
        let all = times.iter().map(|t| u64::from(*t)).sum::<u64>() * counts.len() as u64;
        let hits: Vec<f64> = self.hits.iter().map(|hit| f64::from(u8::from(*hit))).collect();
        let mut numbers = averages(&counts, true);
        numbers.extend([
            ("accuracy", mean(&hits, times)),
            ("hamming-loss", (all > 0).then(|| wrong as f64 / all as f64)),
            ("log-loss", mean(&self.log_loss, times)),
        ]);
        numbers.extend(self.areas(times));
        numbers
    }

    fn regression(&self, times: &[u32]) -> Vec<Named> {
        let rows = || self.predictions.iter().zip(self.targets);
        let errors: Vec<f64> = rows().map(|(p, t)| error_of(p, t)).collect();
        let squares: Vec<f64> = errors.iter().map(|e| e * e).collect();
        let absolute: Vec<f64> = errors.iter().map(|e| e.abs()).collect();
        let mut spread = Spread::default();
        for ((target, error), times) in self.targets.iter().zip(&errors).zip(times) {
            if let Target::Value(value) = target {
                spread.push(*value, *error, f64::from(*times));
            }
        }
        let mse = mean(&squares, times);
        vec![("mae", mean(&absolute, times)), ("mse", mse), ("r2", spread.r2()), ("rmse", mse.map(f64::sqrt))]
    }

    /// Area under the curve of each ranked label, with its number of rows.
    fn areas(&self, times: &[u32]) -> [Named; 2] {
        let count = |row: usize| u64::from(times[row]);
        let of = |(label, order, scores): &(usize, Vec<usize>, Vec<f64>)| {
            let positive = |row: usize| has_label(&self.targets[row], *label);
            let rows = (0..times.len()).filter(|row| positive(*row)).map(count).sum();
            (weighted_auc(order, scores, positive, count), rows)
        };
        let areas: Vec<(Option<f64>, u64)> = self.ranks.iter().map(of).collect();
        let plain = mean_area(areas.iter().map(|(area, _)| (*area, 1)));
        [("auc", plain), ("weighted-auc", mean_area(areas.into_iter()))]
    }

    /// The confusion matrix of a single-label task.
    pub(crate) fn confusion(&self, times: &[u32]) -> ConfusionMatrix {
        let mut matrix = ConfusionMatrix::new(self.task.labels().len());
        for ((target, best), times) in self.targets.iter().zip(&self.best).zip(times) {
            if let Target::Class(truth) = target {
                matrix.add(*truth, best.0, u64::from(*times));
            }
        }
        matrix
    }

    /// Counts per label.
    pub(crate) fn counts(&self, times: &[u32]) -> Vec<Counts> {
        let mut counts = vec![Counts::default(); self.task.labels().len()];
        for ((prediction, target), times) in self.predictions.iter().zip(self.targets).zip(times) {
            count_labels(&mut counts, prediction, target, u64::from(*times));
        }
        counts
    }

    /// Confidence against outcome of a single-label task.
    pub(crate) fn reliability(&self, times: &[u32]) -> Reliability {
        let mut reliability = Reliability::new(BINS);
        for ((best, hit), times) in self.best.iter().zip(&self.hits).zip(times) {
            reliability.add(best.1, *hit, u64::from(*times));
        }
        reliability
    }

    /// The scores of a label, and which rows carry it.
    pub(crate) fn ranking(&self, label: usize) -> (Vec<f64>, Vec<bool>) {
        let scores = self.predictions.iter().map(|p| p.scores[label]).collect();
        (scores, self.targets.iter().map(|t| has_label(t, label)).collect())
    }
}

fn averages(counts: &[Counts], all: bool) -> Vec<Named> {
    let plain = macro_average(counts, all);
    vec![
        ("macro-f1", Some(plain.f1)),
        ("macro-precision", Some(plain.precision)),
        ("macro-recall", Some(plain.recall)),
        ("micro-f1", Some(micro(counts).f1)),
        ("weighted-f1", Some(weighted(counts).f1)),
    ]
}

fn best(prediction: &Prediction) -> (usize, f64) {
    let class = prediction.best().unwrap_or_default();
    (class, prediction.scores.get(class).copied().unwrap_or_default())
}

fn mean(values: &[f64], times: &[u32]) -> Option<f64> {
    let rows: u64 = times.iter().map(|t| u64::from(*t)).sum();
    let sum: f64 = values.iter().zip(times).map(|(v, t)| v * f64::from(*t)).sum();
    (rows > 0).then(|| sum / rows as f64)
}
