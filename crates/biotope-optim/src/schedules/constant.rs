//! The same rate throughout, after an optional warm-up.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{Schedule, Shape, Span, Warmup, check_warmup};

/// A constant rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConstantConfig {
    /// Share of the run over which the rate rises.
    pub warmup_ratio: f64,
    /// The same in updates; excludes `warmup_ratio`.
    pub warmup_steps: u64,
}

impl Config for ConstantConfig {
    const NAME: &'static str = "constant";
    const SUMMARY: &'static str = "warm-up, then the same rate";

    fn check(&self) -> Result<(), Invalid> {
        check_warmup(self.warmup_ratio, self.warmup_steps)
    }
}

/// A constant rate over a run.
#[derive(Clone, Copy, Debug)]
pub struct Constant(Warmup);

impl Shape for ConstantConfig {
    type Schedule = Constant;

    fn over(&self, span: Span) -> Constant {
        Constant(Warmup::new(span, self.warmup_ratio, self.warmup_steps))
    }
}

impl Schedule for Constant {
    fn lr(&self, step: u64) -> f64 {
        self.0.rate(step, |_| 1.0)
    }
}
