//! Update rules: the mathematics of one step as a pure function over flat slices.

use std::fmt::Debug;

use biotope_core::{Component, Config, Entry, Invalid, Registry, Table, config};

use crate::Result;

pub mod adam;
pub mod adamw;
pub mod momentum;
pub mod sgd;

/// Where and how strongly a rule is applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    /// Number of this update of this parameter, from 1.
    pub step: u64,
    /// Learning rate.
    pub lr: f64,
    /// Weight decay of the parameter's group.
    pub weight_decay: f64,
}

/// How one parameter is moved by its gradient.
///
/// Element `i` of everything belongs together and elements do not know each other: the driver may cut the
/// slices anywhere, so the result does not depend on the number of threads.
pub trait Rule: Debug + Send + Sync {
    /// Names of the buffers that the rule keeps per parameter, each as long as the parameter, zero at first.
    fn slots(&self) -> &'static [&'static str];

    /// Weight decay of parameters whose group does not say otherwise.
    fn weight_decay(&self) -> f64;

    /// Moves `param` in place. `grad` and each of `state` (in the order of [`Rule::slots`]) are as long as `param`.
    fn update(&self, at: At, param: &mut [f32], grad: &[f32], state: &mut [&mut [f32]]);
}

/// Makes a rule from its options.
pub type BuildRule = fn(&Table) -> Result<Box<dyn Rule>, Invalid>;

/// The update rules, in alphabetic order.
pub const RULES: &[Entry<BuildRule>] =
    &[entry::<adam::Adam>(), entry::<adamw::AdamW>(), entry::<momentum::Momentum>(), entry::<sgd::Sgd>()];

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
        assert!(error("momentum", "nesterov", 1).contains("expected a boolean"));
    }
}
