//! What is known about a model after its test: plain data, the same in JSON and in the report.

use std::collections::BTreeMap;

use biotope_core::Task;
use serde::{Deserialize, Serialize};

use crate::{ConfusionMatrix, EvalConfig, Prf, Reliability, RocCurve};

/// A value with its interval, where there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value on all rows.
    pub value: f64,
    /// Lower end of the interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end of the interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

impl Estimate {
    /// A value with its interval, if any.
    pub fn new(value: f64, interval: Option<(f64, f64)>) -> Self {
        Self { value, low: interval.map(|i| i.0), high: interval.map(|i| i.1) }
    }

    /// Both ends, if known.
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.low.zip(self.high)
    }
}

/// What is known about one class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    /// Its label.
    pub label: String,
    /// Rows that carry it.
    pub support: u64,
    /// Rows predicted to carry it.
    pub predicted: u64,
    /// Precision, recall, F1.
    #[serde(flatten)]
    pub scores: Prf,
    /// Wilson's interval of its recall; `None` without rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall_interval: Option<(f64, f64)>,
    /// Area under its ROC curve against the rest; `None` where undefined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
    /// That curve, thinned for plotting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roc: Option<RocCurve>,
}

/// Everything that [`evaluate`](crate::evaluate()) finds out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The task.
    pub task: Task,
    /// How many rows were measured.
    pub rows: usize,
    /// How the intervals were drawn.
    pub config: EvalConfig,
    /// Every number by its registry name, with a bootstrap interval (percentile).
    pub metrics: BTreeMap<String, Estimate>,
    /// Wilson's interval of the accuracy, beside the bootstrap's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy_wilson: Option<(f64, f64)>,
    /// Over all counts together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro: Option<Prf>,
    /// Plain mean over classes.
    #[serde(default, rename = "macro", skip_serializing_if = "Option::is_none")]
    pub macro_average: Option<Prf>,
    /// Mean weighted by support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weighted: Option<Prf>,
    /// One entry per label, in the order of the task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per_class: Vec<ClassReport>,
    /// Single-label only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confusion: Option<ConfusionMatrix>,
    /// Single-label only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reliability: Option<Reliability>,
}

impl Evaluation {
    /// The number of that registry name; `None` if the task has no such number.
    pub fn metric(&self, name: &str) -> Option<&Estimate> {
        self.metrics.get(name)
    }

    /// The value of that registry name.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.metric(name).map(|estimate| estimate.value)
    }

    /// Share of right rows, with its interval; `None` for a regression.
    pub fn accuracy(&self) -> Option<&Estimate> {
        self.metric("accuracy")
    }

    /// Macro F1, with its interval; `None` for a regression.
    pub fn macro_f1(&self) -> Option<&Estimate> {
        self.metric("macro-f1")
    }
}
