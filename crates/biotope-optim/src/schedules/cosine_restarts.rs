//! Warm-up, then half a cosine again and again (SGDR, Loshchilov and Hutter 2017).

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::cosine::wave;
use super::{Schedule, Shape, Span, Warmup, check_share, check_warmup};

/// Half cosines with restarts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CosineRestartsConfig {
    /// Share of the run over which the rate rises.
    pub warmup_ratio: f64,
    /// The same in updates; excludes `warmup_ratio`.
    pub warmup_steps: u64,
    /// Cycles, each from the peak to the floor; together they fill the run.
    pub cycles: u64,
    /// How many times as long as the last one each cycle is.
    pub growth: f64,
    /// Where each ends, as a share of the peak.
    pub floor: f64,
}

impl Default for CosineRestartsConfig {
    fn default() -> Self {
        Self { warmup_ratio: 0.0, warmup_steps: 0, cycles: 3, growth: 1.0, floor: 0.0 }
    }
}

impl Config for CosineRestartsConfig {
    const NAME: &'static str = "cosine-restarts";
    const SUMMARY: &'static str = "warm-up, then half a cosine again and again";

    fn check(&self) -> Result<(), Invalid> {
        if !(1..=1000).contains(&self.cycles) {
            return Err(Invalid::new("cycles", "must be in 1..=1000", self.cycles));
        }
        if !(1.0..=100.0).contains(&self.growth) {
            return Err(Invalid::new("growth", "must be in 1..=100", self.growth));
        }
        check_share("floor", self.floor)?;
        check_warmup(self.warmup_ratio, self.warmup_steps)
    }
}

/// Half cosines over a run.
#[derive(Clone, Debug)]
pub struct CosineRestarts {
    warmup: Warmup,
    floor: f64,
    /// First updates after the warm-up of every cycle, and of what would follow.
    starts: Vec<u64>,
}

impl Shape for CosineRestartsConfig {
    type Schedule = CosineRestarts;

    fn over(&self, span: Span) -> CosineRestarts {
        let warmup = Warmup::new(span, self.warmup_ratio, self.warmup_steps);
        let lengths: Vec<f64> = (0..self.cycles).map(|cycle| self.growth.powf(cycle as f64)).collect();
        let whole: f64 = lengths.iter().sum();
        let mut starts = vec![0];
        let mut end = 0.0;
        for length in lengths {
            end += length / whole * warmup.way() as f64;
            starts.push(end.round() as u64);
        }
        starts.dedup(); // in a short run some cycles have no update
        CosineRestarts { warmup, floor: self.floor, starts }
    }
}

impl Schedule for CosineRestarts {
    fn lr(&self, step: u64) -> f64 {
        self.warmup.rate(step, |done| {
            let next = self.starts.partition_point(|start| *start <= done);
            let way = match (self.starts.get(next - 1), self.starts.get(next)) {
                (Some(start), Some(end)) => (done - start) as f64 / (end - start) as f64,
                _ => 1.0,
            };
            wave(way, self.floor)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cycle_begins_at_the_peak_and_the_run_ends_low() {
        let config = CosineRestartsConfig { growth: 2.0, ..CosineRestartsConfig::default() };
        let schedule = config.over(Span { lr: 1.0, total: 70 });
        let peaks: Vec<u64> = (0..100).filter(|step| schedule.lr(*step) == 1.0).collect();
        assert_eq!(peaks, [0, 10, 30]);
        assert!(schedule.lr(69) < 0.01 && schedule.lr(70) == 0.0);
        let short = config.over(Span { lr: 1.0, total: 1 });
        assert_eq!((short.lr(0), short.lr(1)), (1.0, 0.0));
    }
}
