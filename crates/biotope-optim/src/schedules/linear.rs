//! Warm-up, then a straight way down to zero (Devlin et al. 2019 for BERT).

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{Schedule, Shape, Span, Warmup, check_warmup};

/// A straight way down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearConfig {
    /// Share of the run over which the rate rises.
    pub warmup_ratio: f64,
    /// The same in updates; excludes `warmup_ratio`.
    pub warmup_steps: u64,
}

impl Config for LinearConfig {
    const NAME: &'static str = "linear";
    const SUMMARY: &'static str = "warm-up, then linearly to zero";

    fn check(&self) -> Result<(), Invalid> {
        check_warmup(self.warmup_ratio, self.warmup_steps)
    }
}

/// A straight way down over a run.
#[derive(Clone, Copy, Debug)]
pub struct Linear(Warmup);

impl Shape for LinearConfig {
    type Schedule = Linear;

    fn over(&self, span: Span) -> Linear {
        Linear(Warmup::new(span, self.warmup_ratio, self.warmup_steps))
    }
}

impl Schedule for Linear {
    fn lr(&self, step: u64) -> f64 {
        self.0.fall(step, |way| 1.0 - way)
    }
}
