//! One call from predictions and truth to everything that can be said about them.

use std::collections::BTreeMap;

use biotope_core::{Config, Invalid, Prediction, Seed, Target, Task};
use serde::{Deserialize, Serialize};

use crate::bootstrap::percentile;
use crate::confusion::{Counts, macro_average, micro, weighted};
use crate::prepared::Prepared;
use crate::rows::check;
use crate::{ClassReport, Estimate, Evaluation, Result, auc, resample, roc_curve, wilson};

/// Points of a ROC curve that are kept for plotting.
const CURVE_POINTS: usize = 128;

/// How intervals are drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvalConfig {
    /// Seed of the bootstrap.
    pub seed: Seed,
    /// Draws of the bootstrap; 0 for no intervals.
    pub resamples: usize,
    /// Share of the draws inside an interval, in (0, 1).
    pub confidence: f64,
}

impl Default for EvalConfig {
    fn default() -> Self {
        Self { seed: Seed(42), resamples: 1000, confidence: 0.95 }
    }
}

impl Config for EvalConfig {
    const NAME: &'static str = "evaluate";
    const SUMMARY: &'static str = "metrics with bootstrap intervals";

    fn check(&self) -> std::result::Result<(), Invalid> {
        if self.confidence > 0.0 && self.confidence < 1.0 {
            return Ok(());
        }
        let invalid = Invalid::new("confidence", "must lie between 0 and 1", self.confidence);
        Err(invalid.with_hint("0.95 is usual"))
    }
}

/// Measures predictions against the truth, row by row in the same order.
///
/// ```
/// use biotope_core::{Prediction, RecordId, Target, Task};
/// use biotope_eval::{EvalConfig, evaluate};
/// let task = Task::single_label(["crude", "grain"]);
/// let row = |p| Prediction { id: RecordId::default(), scores: vec![1.0 - p, p] };
/// let targets = [Target::Class(1), Target::Class(0), Target::Class(0)];
/// let evaluation = evaluate(&task, &[row(0.9), row(0.2), row(0.6)], &targets, &EvalConfig::default()).unwrap();
/// assert_eq!(evaluation.value("accuracy"), Some(2.0 / 3.0));
/// ```
pub fn evaluate(
    task: &Task,
    predictions: &[Prediction],
    targets: &[Target],
    config: &EvalConfig,
) -> Result<Evaluation> {
    config.check()?;
    check(task, predictions, targets)?;
    let prepared = Prepared::new(task, predictions, targets);
    let once = vec![1; predictions.len()];
    let mut evaluation = Evaluation {
        task: task.clone(),
        rows: predictions.len(),
        config: config.clone(),
        metrics: numbers(&prepared, &once, config),
        accuracy_wilson: None,
        micro: None,
        macro_average: None,
        weighted: None,
        per_class: Vec::new(),
        confusion: None,
        reliability: None,
    };
    if *task != Task::Regression {
        add_classes(&mut evaluation, &prepared, &once);
    }
    Ok(evaluation)
}

/// Every number with the percentile interval of its resamples.
fn numbers(prepared: &Prepared<'_>, once: &[u32], config: &EvalConfig) -> BTreeMap<String, Estimate> {
    let draws = resample(once.len(), config.resamples, config.seed, |times| prepared.numbers(times));
    let mut metrics = BTreeMap::new();
    for (at, (name, value)) in prepared.numbers(once).into_iter().enumerate() {
        if let Some(value) = value {
            let drawn: Vec<f64> = draws.iter().filter_map(|numbers| numbers[at].1).collect();
            metrics.insert(name.to_owned(), Estimate::new(value, percentile(drawn, config.confidence)));
        }
    }
    metrics
}

fn add_classes(evaluation: &mut Evaluation, prepared: &Prepared<'_>, once: &[u32]) {
    let counts = prepared.counts(once);
    let is_multi = matches!(evaluation.task, Task::MultiLabel { .. });
    evaluation.micro = Some(micro(&counts));
    evaluation.macro_average = Some(macro_average(&counts, is_multi));
    evaluation.weighted = Some(weighted(&counts));
    let confidence = evaluation.config.confidence;
    evaluation.per_class = counts
        .iter()
        .enumerate()
        .map(|(class, counts)| class_report(prepared, class, *counts, confidence))
        .collect();
    if let Some(accuracy) = evaluation.value("accuracy") {
        let hits = (accuracy * evaluation.rows as f64).round() as u64;
        evaluation.accuracy_wilson = wilson(hits, evaluation.rows as u64, confidence);
    }
    if !is_multi {
        evaluation.confusion = Some(prepared.confusion(once));
        evaluation.reliability = Some(prepared.reliability(once));
    }
}

fn class_report(prepared: &Prepared<'_>, class: usize, counts: Counts, confidence: f64) -> ClassReport {
    let (scores, positive) = prepared.ranking(class);
    ClassReport {
        label: prepared.task.labels()[class].clone(),
        support: counts.actual,
        predicted: counts.predicted,
        scores: counts.prf(),
        recall_interval: wilson(counts.tp, counts.actual, confidence),
        auc: auc(&scores, &positive),
        roc: roc_curve(&scores, &positive).map(|curve| curve.thinned(CURVE_POINTS)),
    }
}
