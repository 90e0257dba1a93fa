//! Warm-up, then down with the root of the updates (Vaswani et al. 2017): a run of unknown length.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{Schedule, Shape, Span, Warmup, check_warmup};

/// One over the root of the updates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InverseSqrtConfig {
    /// Share of the run over which the rate rises.
    pub warmup_ratio: f64,
    /// The same in updates; excludes `warmup_ratio`.
    pub warmup_steps: u64,
    /// Scale of the decay: after three times as many updates the rate has halved. 0: the updates of the warm-up or,
    /// without one, 10,000.
    pub timescale: u64,
}

impl Config for InverseSqrtConfig {
    const NAME: &'static str = "inverse-sqrt";
    const SUMMARY: &'static str =
        "warm-up, then down with the root of the updates, whatever the length of the run";

    fn check(&self) -> Result<(), Invalid> {
        check_warmup(self.warmup_ratio, self.warmup_steps)
    }
}

/// One over the root of the updates, over a run.
#[derive(Clone, Copy, Debug)]
pub struct InverseSqrt {
    warmup: Warmup,
    timescale: f64,
}

impl Shape for InverseSqrtConfig {
    type Schedule = InverseSqrt;

    fn over(&self, span: Span) -> InverseSqrt {
        let warmup = Warmup::new(span, self.warmup_ratio, self.warmup_steps);
        let timescale = match (self.timescale, warmup.steps) {
            (0, 0) => 10_000,
            (0, steps) => steps,
            (given, _) => given,
        };
        InverseSqrt { warmup, timescale: timescale as f64 }
    }
}

impl Schedule for InverseSqrt {
    fn lr(&self, step: u64) -> f64 {
        self.warmup.rate(step, |done| (1.0 + done as f64 / self.timescale).sqrt().recip())
    }
}
