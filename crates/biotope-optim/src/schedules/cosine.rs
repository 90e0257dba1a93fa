//! Warm-up, then half a cosine down to a floor (Loshchilov and Hutter 2017, without restarts).

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{Schedule, Shape, Span, Warmup, check_share, check_warmup};

/// Half a cosine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CosineConfig {
    /// Share of the run over which the rate rises.
    pub warmup_ratio: f64,
    /// The same in updates; excludes `warmup_ratio`.
    pub warmup_steps: u64,
    /// Where it ends, as a share of the peak.
    pub floor: f64,
}

impl Config for CosineConfig {
    const NAME: &'static str = "cosine";
    const SUMMARY: &'static str = "warm-up, then half a cosine down to a floor";

    fn check(&self) -> Result<(), Invalid> {
        check_share("floor", self.floor)?;
        check_warmup(self.warmup_ratio, self.warmup_steps)
    }
}

/// Half a cosine over a run.
#[derive(Clone, Copy, Debug)]
pub struct Cosine {
    warmup: Warmup,
    floor: f64,
}

impl Shape for CosineConfig {
    type Schedule = Cosine;

    fn over(&self, span: Span) -> Cosine {
        Cosine { warmup: Warmup::new(span, self.warmup_ratio, self.warmup_steps), floor: self.floor }
    }
}

impl Schedule for Cosine {
    fn lr(&self, step: u64) -> f64 {
        self.warmup.fall(step, |way| wave(way, self.floor))
    }
}

/// Half a cosine from 1 to a floor.
pub(super) fn wave(way: f64, floor: f64) -> f64 {
    floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * way).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_half_way_in_the_middle_and_ends_at_the_floor() {
        let config = CosineConfig { floor: 0.2, ..CosineConfig::default() };
        let schedule = config.over(Span { lr: 2.0, total: 100 });
        assert_eq!(schedule.lr(0), 2.0);
        assert!((schedule.lr(50) - 1.2).abs() < 1e-12);
        assert!((schedule.lr(100) - 0.4).abs() < 1e-12 && schedule.lr(1000) == schedule.lr(100));
    }
}
