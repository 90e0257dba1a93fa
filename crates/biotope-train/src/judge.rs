//! Measuring the validation split and knowing what is better.

use std::collections::BTreeMap;

use biotope_core::Task;
use biotope_core::pack::Budget;
use biotope_eval::{Better, Metric, build_metric};
use biotope_nn::{Example, Loss, Model, decode};
use biotope_optim::Goal;
use candle_core::{DType, Device};

use crate::predict::for_each_batch;
use crate::{Error, Result};

/// Shown beside the chosen metric where the task has them.
const ALSO: [&str; 4] = ["accuracy", "macro-f1", "micro-f1", "rmse"];
const LOSS: &str = "loss";

#[derive(Debug)]
pub(crate) struct Judge {
    /// Registry name of the metric that chooses.
    pub(crate) metric: String,
    better: Better,
    task: Task,
}

impl Judge {
    pub(crate) fn new(metric: String, task: &Task) -> Result<Self> {
        let better = if metric == LOSS { Better::Lower } else { build_metric(&metric, task)?.better() };
        Ok(Self { metric, better, task: task.clone() })
    }

    /// Whether a value is better than the best so far.
    pub(crate) fn is_better(&self, value: f64, best: Option<f64>) -> bool {
        best.is_none_or(|best| self.better.improves(value, best))
    }

    /// Which way the metric is better, for a schedule that listens.
    pub(crate) fn goal(&self) -> Goal {
        match self.better {
            Better::Higher => Goal::High,
            Better::Lower => Goal::Low,
        }
    }

    /// Every number by name.
    pub(crate) fn measure(
        &self,
        model: &dyn Model,
        loss: &dyn Loss,
        examples: &[Example],
        budget: Budget,
        device: &Device,
    ) -> Result<BTreeMap<String, f64>> {
        let mut metrics = self.metrics()?;
        let (mut sum, mut rows) = (0.0, examples.iter());
        for_each_batch(model, examples, budget, device, |batch, output| {
            let mean = loss.loss(output, batch)?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
            sum += mean * batch.len() as f64;
            for prediction in decode(&self.task, &output.logits, &batch.ids)? {
                let Some(target) = rows.next().and_then(|row| row.target.as_ref()) else { continue };
                metrics.iter_mut().try_for_each(|metric| metric.add(&prediction, target))?;
            }
            Ok(())
        })?;
        let values = metrics.iter().filter_map(|metric| Some((metric.name().to_owned(), metric.value()?)));
        Ok(values.chain([(LOSS.to_owned(), sum / examples.len() as f64)]).collect())
    }

    fn metrics(&self) -> Result<Vec<Box<dyn Metric>>> {
        let mut names = ALSO.to_vec();
        if self.metric != LOSS && !names.contains(&self.metric.as_str()) {
            names.push(&self.metric);
        }
        let built = names.into_iter().map(|name| build_metric(name, &self.task));
        let suited = built.filter(|metric| !matches!(metric, Err(biotope_eval::Error::Unsuited { .. })));
        Ok(suited.collect::<Result<_, _>>()?)
    }

    /// The value that chooses.
    pub(crate) fn value(&self, metrics: &BTreeMap<String, f64>, step: u64) -> Result<f64> {
        let value = metrics.get(&self.metric).copied().filter(|value| value.is_finite());
        value.ok_or_else(|| Error::Undefined { metric: self.metric.clone(), step })
    }
}
