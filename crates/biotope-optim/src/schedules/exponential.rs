//! Warm-up, then down by the same factor with every update.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{Schedule, Shape, Span, Warmup, check_warmup};

/// An exponential decay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExponentialConfig {
    /// Share of the run over which the rate rises.
    pub warmup_ratio: f64,
    /// The same in updates; excludes `warmup_ratio`.
    pub warmup_steps: u64,
    /// Where it ends, as a share of the peak.
    pub floor: f64,
}

impl Default for ExponentialConfig {
    fn default() -> Self {
        Self { warmup_ratio: 0.0, warmup_steps: 0, floor: 0.01 }
    }
}

impl Config for ExponentialConfig {
    const NAME: &'static str = "exponential";
    const SUMMARY: &'static str = "warm-up, then down by the same factor with every update";

    fn check(&self) -> Result<(), Invalid> {
        if !(self.floor > 0.0 && self.floor <= 1.0) {
            return Err(Invalid::new(
                "floor",
                "must be above 0 and at most 1, a share of the peak",
                self.floor,
            ));
        }
        check_warmup(self.warmup_ratio, self.warmup_steps)
    }
}

/// An exponential decay over a run.
#[derive(Clone, Copy, Debug)]
pub struct Exponential {
    warmup: Warmup,
    floor: f64,
}

impl Shape for ExponentialConfig {
    type Schedule = Exponential;

    fn over(&self, span: Span) -> Exponential {
        Exponential { warmup: Warmup::new(span, self.warmup_ratio, self.warmup_steps), floor: self.floor }
    }
}

impl Schedule for Exponential {
    fn lr(&self, step: u64) -> f64 {
        self.warmup.fall(step, |way| self.floor.powf(way))
    }
}
