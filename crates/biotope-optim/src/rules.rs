//! Update rules: the mathematics of one step as a pure function over flat slices.

use std::fmt::Debug;

use biotope_core::{Component, Config, Entry, Invalid, Registry, Table, config};

use crate::{Grad, Result};

pub mod adafactor;
pub mod adagrad;
pub mod adam;
pub mod adamw;
pub mod amsgrad;
pub mod lamb;
pub mod lion;
pub mod momentum;
pub mod momentum_average;
pub mod muon;
pub mod nadam;
pub mod nesterov;
pub mod radam;
pub mod rmsprop;
pub mod sgd;

/// The parameter that a rule moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its shape.
    pub dims: &'a [usize],
}

impl Place<'_> {
    /// Buffers shaped like the parameter.
    pub fn slots(&self, names: &[&'static str]) -> Vec<Slot> {
        names.iter().map(|name| Slot { name, dims: self.dims.to_vec() }).collect()
    }
}

/// A buffer that a rule keeps for a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// What it is called in a saved state.
    pub name: &'static str,
    /// Its shape.
    pub dims: Vec<usize>,
}

/// Where and how strongly a rule is applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At<'a> {
    /// Number of this update of this parameter, from 1.
    pub step: u64,
    /// Learning rate.
    pub lr: f64,
    /// Weight decay of the parameter's group.
    pub weight_decay: f64,
    /// The parameter.
    pub place: Place<'a>,
}

/// How one parameter is moved by its gradient.
///
/// Most rules work element by element: element `i` of everything belongs together and elements do not know each
/// other, so the driver cuts the slices where it likes and does the pieces side by side. A rule that needs norms or
/// matrices asks for the parameter as a whole ([`Rule::is_whole`]) and takes care that its sums do not depend on the
/// number of threads.
pub trait Rule: Debug + Send + Sync {
    /// The buffers that the rule keeps for a parameter, zero at first; shaped like it unless the rule is whole there.
    fn slots(&self, place: Place<'_>) -> Vec<Slot>;

    /// Weight decay of parameters whose group does not say otherwise.
    fn weight_decay(&self) -> f64;

    /// Whether the rule must see the whole of this parameter at once. Row gradients are then made dense before.
    fn is_whole(&self, _place: Place<'_>) -> bool {
        false
    }

    /// Moves `param` in place. `grad` is as long, and so is each of `state` (in the order of [`Rule::slots`]) where
    /// the rule works element by element.
    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]);
}

/// Makes a rule from its options.
pub type BuildRule = fn(&Table) -> Result<Box<dyn Rule>, Invalid>;

/// The update rules, in alphabetic order.
pub const RULES: &[Entry<BuildRule>] = &[
    entry::<adafactor::Adafactor>(),
    entry::<adagrad::Adagrad>(),
    entry::<adam::Adam>(),
    entry::<adamw::AdamW>(),
    entry::<amsgrad::AmsGrad>(),
    entry::<lamb::Lamb>(),
    entry::<lion::Lion>(),
    entry::<momentum::Momentum>(),
    entry::<momentum_average::MomentumAverage>(),
    entry::<muon::Muon>(),
    entry::<nadam::NAdam>(),
    entry::<nesterov::Nesterov>(),
    entry::<radam::RAdam>(),
    entry::<rmsprop::RmsProp>(),
    entry::<sgd::Sgd>(),
];

/// All update rules.
pub fn rules() -> Registry<BuildRule> {
    Registry::new("rule", RULES)
}

/// The rule that a component names.
///
/// ```
/// use biotope_core::Component;
/// let error = biotope_optim::build_rule(&Component::new("momentun")).unwrap_err();
/// assert_eq!(error.hint().unwrap(), "did you mean \"momentum\"?");
/// ```
pub fn build_rule(component: &Component) -> Result<Box<dyn Rule>> {
    Ok((rules().get(&component.name)?.build)(&component.options)?)
}

const fn entry<C: Config + Rule>() -> Entry<BuildRule> {
    Entry::of::<C>(|table| Ok(Box::new(config::from_table::<C>(table)?)))
}

/// Checks that a number lies in `[0, end)`.
fn fraction(field: &str, value: f64) -> Result<(), Invalid> {
    let good = (0.0..1.0).contains(&value);
    if good { Ok(()) } else { Err(Invalid::new(field, "must be at least 0 and below 1", value)) }
}

/// Checks that a number is finite and not negative.
pub(crate) fn not_negative(field: &str, value: f64) -> Result<(), Invalid> {
    let good = value.is_finite() && value >= 0.0;
    if good { Ok(()) } else { Err(Invalid::new(field, "must be a number not below 0", value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(name: &str, key: &str, value: impl Into<toml::Value>) -> String {
        build_rule(&Component::new(name).with(key, value)).unwrap_err().to_string()
    }

    #[test]
    fn how_wrong_options_look() {
        assert_eq!(error("adam", "beta1", 1.0), "invalid beta1: must be at least 0 and below 1, got 1");
        assert_eq!(error("adamw", "eps", -1.0), "invalid eps: must be a number not below 0, got -1");
        assert_eq!(error("sgd", "momentum", 0.9), "invalid momentum: is not a known key, got \"momentum\"");
        assert!(error("rmsprop", "centered", 1).contains("expected a boolean"));
    }
}
