//! How a run is trained: plain data.

use biotope_core::pack::Budget;
use biotope_core::{Component, Config, Invalid, Task, Unknown};
use biotope_nn::Precision;
use biotope_optim::{Group, Span, build_rule, build_schedule};
use serde::{Deserialize, Serialize};

/// Options of a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the training split.
    pub epochs: u64,
    /// Most updates of the run; 0: as many as the epochs give.
    pub max_steps: u64,
    /// Most tokens (or rows of a bag) in a batch.
    pub batch_tokens: usize,
    /// Most examples in a batch.
    pub batch_size: usize,
    /// Batches whose gradients are added up for one update.
    pub accumulate: usize,
    /// Numbers of the products in training: `f32`, or `bf16` where a model has a faster inside for it.
    pub precision: Precision,
    /// Peak learning rate.
    pub lr: f64,
    /// Update rule.
    pub optimizer: Component,
    /// Learning rate over the run.
    pub schedule: Component,
    /// Parameters with another learning rate or weight decay; the first group that fits a name, wins.
    pub groups: Vec<Group>,
    /// Largest norm of the gradients; 0: no clipping.
    pub clip_norm: f64,
    /// Largest element of the gradients, clipped before the norm; 0: no clipping.
    pub clip_value: f64,
    /// Memory of a running mean of the weights (0.999 is usual), which is then measured on the validation split and
    /// saved as the best in place of the weights themselves; 0: none.
    pub ema: f64,
    /// What is made small; by default what fits the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<Component>,
    /// What is looked at on the validation split, `"loss"` or a registered metric; by default what fits the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Updates between evaluations; 0: after each epoch. The end of the run is always evaluated.
    pub evaluate_every: u64,
    /// Updates between checkpoints; 0: after each evaluation only (in a refit: where an evaluation would be).
    pub save_every: u64,
    /// Evaluations without improvement after which the run ends; 0: never.
    pub patience: u64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 3,
            max_steps: 0,
            batch_tokens: 8192,
            batch_size: 32,
            accumulate: 1,
            precision: Precision::F32,
            lr: 1e-3,
            optimizer: Component::new("adamw"),
            schedule: Component::new("linear"),
            groups: vec![Group::no_decay()],
            clip_norm: 1.0,
            clip_value: 0.0,
            ema: 0.0,
            loss: None,
            metric: None,
            evaluate_every: 0,
            save_every: 0,
            patience: 0,
        }
    }
}

impl Config for TrainConfig {
    const NAME: &'static str = "train";
    const SUMMARY: &'static str = "the training loop";

    fn check(&self) -> Result<(), Invalid> {
        let counts = [
            ("epochs", self.epochs as usize),
            ("batch_tokens", self.batch_tokens),
            ("batch_size", self.batch_size),
            ("accumulate", self.accumulate),
        ];
        if let Some((field, got)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(Invalid::new(field, "must be at least 1", got));
        }
        if !(self.lr.is_finite() && self.lr > 0.0) {
            return Err(Invalid::new("lr", "must be a number above 0", self.lr));
        }
        for (field, limit) in [("clip_norm", self.clip_norm), ("clip_value", self.clip_value)] {
            if !(limit.is_finite() && limit >= 0.0) {
                return Err(Invalid::new(field, "must be a number not below 0", limit));
            }
        }
        if !(0.0..1.0).contains(&self.ema) {
            return Err(Invalid::new("ema", "must be at least 0 and below 1", self.ema));
        }
        if self.precision == Precision::Int8 {
            let hint = "int8 is for answering: bundle the model and serve it in int8";
            let invalid = Invalid::new("precision", "must be f32 or bf16 to train", self.precision);
            return Err(invalid.with_hint(hint));
        }
        self.check_components()
    }
}

impl TrainConfig {
    /// How batches are cut.
    pub fn budget(&self) -> Budget {
        Budget { tokens: self.batch_tokens, examples: self.batch_size }
    }

    /// The loss for a task.
    pub fn loss_for(&self, task: &Task) -> Component {
        let name = match task {
            Task::SingleLabel { .. } => "cross-entropy",
            Task::MultiLabel { .. } => "binary-cross-entropy",
            Task::Regression => "mse",
        };
        self.loss.clone().unwrap_or_else(|| Component::new(name))
    }

    /// The metric for a task.
    pub fn metric_for(&self, task: &Task) -> String {
        let name = if *task == Task::Regression { "rmse" } else { "macro-f1" };
        self.metric.clone().unwrap_or_else(|| name.to_owned())
    }

    fn check_components(&self) -> Result<(), Invalid> {
        build_rule(&self.optimizer).map_err(|error| optim_invalid("optimizer", error))?;
        let span = Span { lr: self.lr, total: 1 };
        build_schedule(&self.schedule, span).map_err(|error| optim_invalid("schedule", error))?;
        if let Some(loss) = &self.loss {
            biotope_nn::build_loss(loss).map_err(|error| nn_invalid("loss", error))?;
        }
        for (at, group) in self.groups.iter().enumerate() {
            group.check().map_err(|invalid| invalid.under(&format!("groups.{at}")))?;
        }
        let metric = self.metric.as_deref().filter(|name| *name != "loss");
        metric.map_or(Ok(()), |name| match biotope_eval::metrics().get(name) {
            Ok(_) => Ok(()),
            Err(unknown) => Err(unknown_name("metric", unknown)),
        })
    }
}

fn optim_invalid(field: &str, error: biotope_optim::Error) -> Invalid {
    match error {
        biotope_optim::Error::Invalid(invalid) => invalid.under(field),
        biotope_optim::Error::Unknown(unknown) => unknown_name(&format!("{field}.use"), unknown),
        other => Invalid::new(field, "must be usable", other),
    }
}

fn nn_invalid(field: &str, error: biotope_nn::Error) -> Invalid {
    match error {
        biotope_nn::Error::Invalid(invalid) => invalid.under(field),
        biotope_nn::Error::Unknown(unknown) => unknown_name(&format!("{field}.use"), unknown),
        other => Invalid::new(field, "must be usable", other),
    }
}

fn unknown_name(field: &str, unknown: Unknown) -> Invalid {
    Invalid::new(field, format!("must name a known {}", unknown.kind), unknown.name).with_hint(unknown.hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use biotope_core::{Table, config};

    fn error(text: &str) -> String {
        let table: Table = text.parse().unwrap();
        let invalid = config::from_table::<TrainConfig>(&table).unwrap_err().under("train");
        format!("{invalid} / {}", invalid.hint().unwrap_or("-"))
    }

    #[test]
    fn how_each_error_looks() {
        let looks = [
            ("epochs = 0", "invalid train.epochs: must be at least 1, got 0 / -"),
            ("lr = -1", "invalid train.lr: must be a number above 0, got -1 / -"),
            ("clip_norm = nan", "invalid train.clip_norm: must be a number not below 0, got NaN / -"),
            ("clip_value = -0.5", "invalid train.clip_value: must be a number not below 0, got -0.5 / -"),
            ("ema = 1.0", "invalid train.ema: must be at least 0 and below 1, got 1 / -"),
            (
                "batch_sise = 3",
                "invalid train.batch_sise: is not a known key, got \"batch_sise\" / did you mean \"batch_size\"?",
            ),
            (
                "optimizer = { use = \"adamv\" }",
                "invalid train.optimizer.use: must name a known rule, got adamv / did you mean \"adam\"?",
            ),
            (
                "optimizer = { use = \"adam\", beta1 = 1.0 }",
                "invalid train.optimizer.beta1: must be at least 0 and below 1, got 1 / -",
            ),
            (
                "schedule = { use = \"linear\", warmup = 1 }",
                "invalid train.schedule.warmup: is not a known key, got \"warmup\" / known keys: warmup_ratio, warmup_steps",
            ),
            (
                "loss = { use = \"mze\" }",
                "invalid train.loss.use: must name a known loss, got mze / did you mean \"mse\"?",
            ),
            (
                "metric = \"acuracy\"",
                "invalid train.metric: must name a known metric, got acuracy / did you mean \"accuracy\"?",
            ),
            (
                "groups = [{ names = [\"*\"], lr_scale = -1.0 }]",
                "invalid train.groups.0.lr_scale: must be a number not below 0, got -1 / -",
            ),
        ];
        for (text, look) in looks {
            assert_eq!(error(text), look);
        }
    }

    #[test]
    fn defaults_round_trip_and_fit_the_task() {
        let config = config::from_table::<TrainConfig>(&config::defaults::<TrainConfig>()).unwrap();
        assert_eq!(config, TrainConfig::default());
        assert_eq!(config.loss_for(&Task::Regression).name, "mse");
        assert_eq!(config.metric_for(&Task::single_label(["a"])), "macro-f1");
    }
}
