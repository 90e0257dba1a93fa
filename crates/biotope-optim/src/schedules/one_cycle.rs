//! Up and down once (Smith and Topin 2018): a long rise to a high rate, a longer fall to almost nothing.
//!
//! As `torch.optim.lr_scheduler.OneCycleLR` with two phases: the peak is at update `rise · total - 1`, the end at the
//! last one.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{Schedule, Shape, Span, Warmup, check_share, check_warmup};

/// Up and down once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OneCycleConfig {
    /// Share of the run over which the rate rises to where the cycle begins.
    pub warmup_ratio: f64,
    /// The same in updates; excludes `warmup_ratio`.
    pub warmup_steps: u64,
    /// Share of the cycle that is its rise.
    pub rise: f64,
    /// Where it begins, as a share of the peak.
    pub start: f64,
    /// Where it ends, as a share of the peak.
    pub floor: f64,
    /// Which way it goes between.
    pub anneal: Anneal,
}

/// The way between two rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Anneal {
    /// Half a cosine.
    Cosine,
    /// A straight line.
    Linear,
}

impl Anneal {
    fn between(self, from: f64, to: f64, way: f64) -> f64 {
        match self {
            Self::Cosine => to + (from - to) * 0.5 * (1.0 + (std::f64::consts::PI * way).cos()),
            Self::Linear => from + (to - from) * way,
        }
    }
}

impl Default for OneCycleConfig {
    fn default() -> Self {
        let (start, floor) = (1.0 / 25.0, 1.0 / 25.0 / 1e4);
        Self { warmup_ratio: 0.0, warmup_steps: 0, rise: 0.3, start, floor, anneal: Anneal::Cosine }
    }
}

impl Config for OneCycleConfig {
    const NAME: &'static str = "one-cycle";
    const SUMMARY: &'static str = "a rise to the peak, a longer fall to almost nothing";

    fn check(&self) -> Result<(), Invalid> {
        check_share("rise", self.rise)?;
        check_share("start", self.start)?;
        check_share("floor", self.floor)?;
        check_warmup(self.warmup_ratio, self.warmup_steps)
    }
}

/// Up and down once over a run.
#[derive(Clone, Debug)]
pub struct OneCycle {
    warmup: Warmup,
    config: OneCycleConfig,
}

impl Shape for OneCycleConfig {
    type Schedule = OneCycle;

    fn over(&self, span: Span) -> OneCycle {
        let warmup = Warmup::new(span, self.warmup_ratio, self.warmup_steps);
        // the warm-up leads to where the cycle begins
        OneCycle { warmup: warmup.up_to(self.start), config: self.clone() }
    }
}

impl Schedule for OneCycle {
    fn lr(&self, step: u64) -> f64 {
        let OneCycleConfig { rise, start, floor, anneal, .. } = self.config;
        self.warmup.rate(step, |done| {
            let (done, total) = (done as f64, self.warmup.way() as f64);
            let (peak, end) = ((rise * total - 1.0).max(0.0), total - 1.0);
            if done < peak {
                anneal.between(start, 1.0, done / peak)
            } else if done < end {
                anneal.between(1.0, floor, (done - peak) / (end - peak))
            } else {
                floor
            }
        })
    }
}
