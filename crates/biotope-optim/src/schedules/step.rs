//! Warm-up, then down by a factor every so many updates.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{Schedule, Shape, Span, Warmup, check_share, check_warmup};

/// Stairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StepConfig {
    /// Share of the run over which the rate rises.
    pub warmup_ratio: f64,
    /// The same in updates; excludes `warmup_ratio`.
    pub warmup_steps: u64,
    /// Updates on each stair; 0: a third of the way.
    pub every: u64,
    /// What the rate is multiplied with after each.
    pub gamma: f64,
}

impl Default for StepConfig {
    fn default() -> Self {
        Self { warmup_ratio: 0.0, warmup_steps: 0, every: 0, gamma: 0.1 }
    }
}

impl Config for StepConfig {
    const NAME: &'static str = "step";
    const SUMMARY: &'static str = "warm-up, then down by a factor every so many updates";

    fn check(&self) -> Result<(), Invalid> {
        check_share("gamma", self.gamma)?;
        check_warmup(self.warmup_ratio, self.warmup_steps)
    }
}

/// Stairs over a run.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    warmup: Warmup,
    every: u64,
    gamma: f64,
}

impl Shape for StepConfig {
    type Schedule = Step;

    fn over(&self, span: Span) -> Step {
        let warmup = Warmup::new(span, self.warmup_ratio, self.warmup_steps);
        let every = if self.every > 0 { self.every } else { warmup.way().div_ceil(3) };
        Step { warmup, every, gamma: self.gamma }
    }
}

impl Schedule for Step {
    fn lr(&self, step: u64) -> f64 {
        self.warmup.rate(step, |done| self.gamma.powf((done / self.every) as f64))
    }
}
