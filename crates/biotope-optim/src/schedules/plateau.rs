//! Warm-up, then one rate until the validation value stops improving, then a smaller one, and so on.
//!
//! As `torch.optim.lr_scheduler.ReduceLROnPlateau` with a relative threshold.

use std::collections::BTreeMap;

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{Goal, Schedule, Shape, Span, Warmup, check_share, check_warmup, unfit};
use crate::Result;

/// A rate that falls when nothing improves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlateauConfig {
    /// Share of the run over which the rate rises.
    pub warmup_ratio: f64,
    /// The same in updates; excludes `warmup_ratio`.
    pub warmup_steps: u64,
    /// What the rate is multiplied with.
    pub factor: f64,
    /// Evaluations without improvement that are borne; the next one lowers the rate.
    pub patience: u64,
    /// Smallest change that counts, as a share of the best value.
    pub threshold: f64,
    /// Evaluations after a fall that are not counted.
    pub cooldown: u64,
    /// Smallest rate, as a share of the peak.
    pub floor: f64,
}

impl Default for PlateauConfig {
    fn default() -> Self {
        Self {
            warmup_ratio: 0.0,
            warmup_steps: 0,
            factor: 0.5,
            patience: 1,
            threshold: 1e-4,
            cooldown: 0,
            floor: 0.0,
        }
    }
}

impl Config for PlateauConfig {
    const NAME: &'static str = "plateau";
    const SUMMARY: &'static str = "warm-up, then lower whenever the validation value stops improving";

    fn check(&self) -> Result<(), Invalid> {
        check_share("factor", self.factor)?;
        check_share("threshold", self.threshold)?;
        check_share("floor", self.floor)?;
        check_warmup(self.warmup_ratio, self.warmup_steps)
    }
}

/// Where such a rate stands.
#[derive(Clone, Debug)]
pub struct Plateau {
    warmup: Warmup,
    config: PlateauConfig,
    /// Share of the peak.
    share: f64,
    best: Option<f64>,
    /// Evaluations without improvement.
    stale: u64,
    /// Evaluations that are still not counted.
    cooling: u64,
}

impl Shape for PlateauConfig {
    type Schedule = Plateau;

    fn over(&self, span: Span) -> Plateau {
        let warmup = Warmup::new(span, self.warmup_ratio, self.warmup_steps);
        Plateau { warmup, config: self.clone(), share: 1.0, best: None, stale: 0, cooling: 0 }
    }
}

impl Schedule for Plateau {
    fn lr(&self, step: u64) -> f64 {
        self.warmup.rate(step, |_| self.share)
    }

    fn observe(&mut self, value: f64, goal: Goal) {
        if self.best.is_none_or(|best| improves(value, best, goal, self.config.threshold)) {
            self.best = Some(value);
            self.stale = 0;
        } else {
            self.stale += 1;
        }
        if self.cooling > 0 {
            self.cooling -= 1;
            self.stale = 0;
        }
        if self.stale > self.config.patience {
            self.share = (self.share * self.config.factor).max(self.config.floor);
            self.cooling = self.config.cooldown;
            self.stale = 0;
        }
    }

    fn state(&self) -> BTreeMap<String, f64> {
        let best = self.best.map(|best| ("best", best));
        let rest = [("share", self.share), ("stale", self.stale as f64), ("cooling", self.cooling as f64)];
        rest.into_iter().chain(best).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn load_state(&mut self, state: &BTreeMap<String, f64>) -> Result<()> {
        let get = |name: &str| state.get(name).copied().ok_or_else(|| unfit(name, "it is missing"));
        (self.share, self.best) = (get("share")?, state.get("best").copied());
        (self.stale, self.cooling) = (get("stale")? as u64, get("cooling")? as u64);
        Ok(())
    }
}

fn improves(value: f64, best: f64, goal: Goal, threshold: f64) -> bool {
    match goal {
        Goal::Low => value < best * (1.0 - threshold),
        Goal::High => value > best * (1.0 + threshold),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_falls_after_patience_rests_and_stays_above_the_floor() {
        let config = PlateauConfig { cooldown: 1, floor: 0.3, ..PlateauConfig::default() };
        let mut schedule = config.over(Span { lr: 2.0, total: 10 });
        let mut rates = Vec::new();
        for value in [0.5, 0.6, 0.6, 0.5, 0.6, 0.6, 0.6, 0.9] {
            schedule.observe(value, Goal::High);
            rates.push(schedule.lr(7));
        }
        assert_eq!(rates, [2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 0.6, 0.6]);
    }
}
