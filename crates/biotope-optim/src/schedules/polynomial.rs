//! Warm-up, then down to a floor along a power of what is left of the way.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{Schedule, Shape, Span, Warmup, check_share, check_warmup};

/// A power of the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolynomialConfig {
    /// Share of the run over which the rate rises.
    pub warmup_ratio: f64,
    /// The same in updates; excludes `warmup_ratio`.
    pub warmup_steps: u64,
    /// The power: 1 is a straight line, more falls early.
    pub power: f64,
    /// Where it ends, as a share of the peak.
    pub floor: f64,
}

impl Default for PolynomialConfig {
    fn default() -> Self {
        Self { warmup_ratio: 0.0, warmup_steps: 0, power: 2.0, floor: 0.0 }
    }
}

impl Config for PolynomialConfig {
    const NAME: &'static str = "polynomial";
    const SUMMARY: &'static str = "warm-up, then down along a power of the way that is left";

    fn check(&self) -> Result<(), Invalid> {
        if !(self.power.is_finite() && self.power > 0.0) {
            return Err(Invalid::new("power", "must be a number above 0", self.power));
        }
        check_share("floor", self.floor)?;
        check_warmup(self.warmup_ratio, self.warmup_steps)
    }
}

/// A power of the way over a run.
#[derive(Clone, Copy, Debug)]
pub struct Polynomial {
    warmup: Warmup,
    power: f64,
    floor: f64,
}

impl Shape for PolynomialConfig {
    type Schedule = Polynomial;

    fn over(&self, span: Span) -> Polynomial {
        let warmup = Warmup::new(span, self.warmup_ratio, self.warmup_steps);
        Polynomial { warmup, power: self.power, floor: self.floor }
    }
}

impl Schedule for Polynomial {
    fn lr(&self, step: u64) -> f64 {
        self.warmup.fall(step, |way| self.floor + (1.0 - self.floor) * (1.0 - way).powf(self.power))
    }
}
