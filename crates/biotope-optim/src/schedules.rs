//! Learning-rate schedules: pure functions of the step.

use std::fmt::Debug;

use biotope_core::{Component, Config, Entry, Invalid, Registry, Table, config};
use serde::{Deserialize, Serialize};

use crate::Result;

pub mod constant;
pub mod cosine;
pub mod linear;

/// The learning rate as a function of the step.
pub trait Schedule: Debug + Send + Sync {
    /// The rate for the next update, after `step` updates have been made (so the first asks for step 0).
    fn lr(&self, step: u64) -> f64;
}

/// What a schedule stretches over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The peak learning rate.
    pub lr: f64,
    /// Updates in the whole run.
    pub total: u64,
}

/// Makes a schedule from its options.
pub type BuildSchedule = fn(&Table, Span) -> Result<Box<dyn Schedule>, Invalid>;

/// The schedules, in alphabetic order.
pub const SCHEDULES: &[Entry<BuildSchedule>] =
    &[entry::<constant::ConstantConfig>(), entry::<cosine::CosineConfig>(), entry::<linear::LinearConfig>()];

/// All schedules.
pub fn schedules() -> Registry<BuildSchedule> {
    Registry::new("schedule", SCHEDULES)
}

/// The schedule that a component names, over a span.
///
/// ```
/// use biotope_core::Component;
/// use biotope_optim::{Span, build_schedule};
/// let component = Component::new("linear").with("warmup_ratio", 0.5);
/// let schedule = build_schedule(&component, Span { lr: 1.0, total: 8 })?;
/// let rates: Vec<f64> = (0..8).map(|step| schedule.lr(step)).collect();
/// assert_eq!(rates, [0.25, 0.5, 0.75, 1.0, 1.0, 0.75, 0.5, 0.25]);
/// # Ok::<(), biotope_optim::Error>(())
/// ```
pub fn build_schedule(component: &Component, span: Span) -> Result<Box<dyn Schedule>> {
    Ok((schedules().get(&component.name)?.build)(&component.options, span)?)
}

trait Shape: Config {
    type Schedule: Schedule + 'static;
    fn over(&self, span: Span) -> Self::Schedule;
}

const fn entry<C: Shape>() -> Entry<BuildSchedule> {
    Entry::of::<C>(|table, span| Ok(Box::new(config::from_table::<C>(table)?.over(span))))
}

/// The rise to the peak: `lr (step + 1) / warmup`, so that no update is made with a rate of zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Warmup {
    lr: f64,
    steps: u64,
    total: u64,
}

impl Warmup {
    fn new(span: Span, ratio: f64, steps: u64) -> Self {
        let steps = if steps > 0 { steps } else { (ratio * span.total as f64).ceil() as u64 };
        Self { lr: span.lr, steps: steps.min(span.total), total: span.total }
    }

    /// The rate while it rises, or how far the way down has come, in 0..=1.
    fn rise(self, step: u64) -> Result<f64, f64> {
        if step < self.steps {
            return Ok(self.lr * (step + 1) as f64 / self.steps as f64);
        }
        let way = self.total.saturating_sub(self.steps).max(1);
        Err(((step - self.steps) as f64 / way as f64).min(1.0))
    }
}

fn check_warmup(ratio: f64, steps: u64) -> Result<(), Invalid> {
    if !(0.0..=1.0).contains(&ratio) {
        return Err(Invalid::new("warmup_ratio", "must be in 0..=1", ratio));
    }
    if ratio > 0.0 && steps > 0 {
        let got = format!("{steps} beside warmup_ratio {ratio}");
        return Err(
            Invalid::new("warmup_steps", "excludes warmup_ratio", got).with_hint("give one of the two")
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn how_wrong_options_look() {
        let error =
            |component| build_schedule(&component, Span { lr: 1.0, total: 8 }).unwrap_err().to_string();
        let linear = Component::new("linear");
        let both = linear.clone().with("warmup_ratio", 0.1).with("warmup_steps", 3);
        assert_eq!(error(both), "invalid warmup_steps: excludes warmup_ratio, got 3 beside warmup_ratio 0.1");
        assert_eq!(error(linear.with("warmup_ratio", 2.0)), "invalid warmup_ratio: must be in 0..=1, got 2");
        assert_eq!(error(Component::new("liner")), "unknown schedule \"liner\"");
    }

    proptest! {
        #[test]
        fn every_schedule_rises_to_the_peak_and_never_rises_again(
            ratio in 0.0f64..=1.0, total in 1u64..300, lr in 1e-6f64..10.0,
        ) {
            for entry in schedules().entries() {
                let component = Component::new(entry.name).with("warmup_ratio", ratio);
                let schedule = build_schedule(&component, Span { lr, total }).unwrap();
                let warmup = ((ratio * total as f64).ceil() as u64).min(total);
                let rates: Vec<f64> = (0..total + 20).map(|step| schedule.lr(step)).collect();
                prop_assert!(rates.iter().all(|rate| (0.0..=lr * (1.0 + 1e-12)).contains(rate)), "{rates:?}");
                let peak = warmup.saturating_sub(1) as usize;
                prop_assert!((rates[peak] - lr).abs() <= 1e-12 * lr, "{} {rates:?}", entry.name);
                prop_assert!(rates[..=peak].is_sorted());
                prop_assert!(rates[peak..].windows(2).all(|pair| pair[0] >= pair[1] - 1e-12 * lr));
            }
        }
    }
}
