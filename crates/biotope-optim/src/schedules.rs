//! Learning-rate schedules: functions of the step, and of what the validation split has said so far.

use std::collections::BTreeMap;
use std::fmt::Debug;

use biotope_core::{Component, Config, Entry, Invalid, Registry, Table, config};

use crate::{Error, Result};

pub mod constant;
pub mod cosine;
pub mod cosine_restarts;
pub mod exponential;
pub mod inverse_sqrt;
pub mod linear;
pub mod one_cycle;
pub mod plateau;
pub mod polynomial;
pub mod step;

/// The learning rate as a function of the step.
///
/// Most schedules know nothing else. One that listens to the validation split keeps a state, which a checkpoint holds.
pub trait Schedule: Debug + Send + Sync {
    /// The rate for the next update, after `step` updates have been made (so the first asks for step 0).
    fn lr(&self, step: u64) -> f64;

    /// Hears what the validation split says.
    fn observe(&mut self, _value: f64, _goal: Goal) {}

    /// Numbers that decide how it goes on, by name.
    fn state(&self) -> BTreeMap<String, f64> {
        BTreeMap::new()
    }

    /// Takes over what [`Schedule::state`] gave.
    fn load_state(&mut self, state: &BTreeMap<String, f64>) -> Result<()> {
        state.keys().next().map_or(Ok(()), |name| Err(unfit(name, "this schedule keeps no state")))
    }
}

/// Which way a value is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The larger the better.
    High,
    /// The smaller the better.
    Low,
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
pub const SCHEDULES: &[Entry<BuildSchedule>] = &[
    entry::<constant::ConstantConfig>(),
    entry::<cosine::CosineConfig>(),
    entry::<cosine_restarts::CosineRestartsConfig>(),
    entry::<exponential::ExponentialConfig>(),
    entry::<inverse_sqrt::InverseSqrtConfig>(),
    entry::<linear::LinearConfig>(),
    entry::<one_cycle::OneCycleConfig>(),
    entry::<plateau::PlateauConfig>(),
    entry::<polynomial::PolynomialConfig>(),
    entry::<step::StepConfig>(),
];

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

/// The rise to the peak: `lr (step + 1) / steps`, so that no update is made with a rate of zero.
#[derive(Clone, Copy, Debug)]
struct Warmup {
    lr: f64,
    steps: u64,
    total: u64,
    /// Where it leads, as a share of the peak.
    top: f64,
}

impl Warmup {
    fn new(span: Span, ratio: f64, steps: u64) -> Self {
        let steps = if steps > 0 { steps } else { (ratio * span.total as f64).ceil() as u64 };
        Self { lr: span.lr, steps: steps.min(span.total), total: span.total, top: 1.0 }
    }

    fn up_to(self, top: f64) -> Self {
        Self { top, ..self }
    }

    /// Updates after it, at least one.
    fn way(self) -> u64 {
        self.total.saturating_sub(self.steps).max(1)
    }

    /// The rate while it rises; then what `share` of the peak it is that many updates later.
    fn rate(self, step: u64, share: impl FnOnce(u64) -> f64) -> f64 {
        if step < self.steps {
            return self.lr * self.top * (step + 1) as f64 / self.steps as f64;
        }
        self.lr * share(step - self.steps)
    }

    /// The same for a share that goes by how far the way down has come, in 0..=1.
    fn fall(self, step: u64, share: impl FnOnce(f64) -> f64) -> f64 {
        self.rate(step, |done| share((done as f64 / self.way() as f64).min(1.0)))
    }
}

fn check_share(field: &str, share: f64) -> Result<(), Invalid> {
    let good = (0.0..=1.0).contains(&share);
    if good { Ok(()) } else { Err(Invalid::new(field, "must be in 0..=1", share)) }
}

fn unfit(name: &str, why: &str) -> Error {
    Error::State { name: format!("schedule/{name}"), why: why.to_owned() }
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

    /// Those that go up again by design.
    const WAVES: [&str; 2] = ["cosine-restarts", "one-cycle"];

    proptest! {
        #[test]
        fn every_schedule_rises_to_the_peak_and_most_never_rise_again(
            ratio in 0.0f64..=1.0, total in 1u64..300, lr in 1e-6f64..10.0,
        ) {
            for entry in schedules().entries() {
                let component = Component::new(entry.name).with("warmup_ratio", ratio);
                let schedule = build_schedule(&component, Span { lr, total }).unwrap();
                let warmup = ((ratio * total as f64).ceil() as u64).min(total);
                let rates: Vec<f64> = (0..total + 20).map(|step| schedule.lr(step)).collect();
                prop_assert!(rates.iter().all(|rate| (0.0..=lr * (1.0 + 1e-12)).contains(rate)), "{rates:?}");
                let top = warmup.saturating_sub(1) as usize;
                prop_assert!(rates[..=top].is_sorted());
                if entry.name != "one-cycle" {
                    prop_assert!((rates[top] - lr).abs() <= 1e-12 * lr, "{} {rates:?}", entry.name);
                }
                if !WAVES.contains(&entry.name) {
                    prop_assert!(rates[top..].windows(2).all(|pair| pair[0] >= pair[1] - 1e-12 * lr));
                }
            }
        }

        #[test]
        fn every_schedule_goes_on_exactly_from_its_saved_state(
            values in prop::collection::vec(0.0f64..1.0, 1..30), cut in 0usize..30, is_high: bool,
        ) {
            let goal = if is_high { Goal::High } else { Goal::Low };
            let cut = cut.min(values.len());
            for entry in schedules().entries() {
                let new = || build_schedule(&Component::new(entry.name), Span { lr: 1.0, total: 40 }).unwrap();
                let (mut straight, mut first, mut second) = (new(), new(), new());
                let tell = |schedule: &mut dyn Schedule, values: &[f64]| {
                    for value in values {
                        schedule.observe(*value, goal);
                    }
                };
                tell(straight.as_mut(), &values);
                tell(first.as_mut(), &values[..cut]);
                second.load_state(&first.state()).unwrap();
                tell(second.as_mut(), &values[cut..]);
                prop_assert_eq!(second.state(), straight.state());
                for step in 0..40 {
                    prop_assert_eq!(second.lr(step).to_bits(), straight.lr(step).to_bits());
                }
            }
        }
    }

    #[test]
    fn a_state_of_something_else_is_refused() {
        let new = |name: &str| build_schedule(&Component::new(name), Span { lr: 1.0, total: 8 }).unwrap();
        let error = new("linear").load_state(&new("plateau").state()).unwrap_err();
        let look = "optimizer state \"schedule/cooling\": this schedule keeps no state";
        assert_eq!(error.to_string(), look);
        let error = new("plateau").load_state(&new("linear").state()).unwrap_err();
        assert_eq!(error.to_string(), "optimizer state \"schedule/share\": it is missing");
    }
}
