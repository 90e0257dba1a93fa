//! The driver: owns names, groups and state; moves variables in place.

use std::collections::{BTreeMap, BTreeSet};

use biotope_core::Component;
use candle_core::{DType, Tensor, Var};

use crate::rules::{At, Place, Rule, Slot, build_rule};
use crate::{Error, Gradients, Group, Result, host};

mod state;
mod update;

/// Moves named variables by a [`Rule`].
///
/// A parameter without a gradient is left alone, its state too. Of a parameter with row gradients only the touched
/// rows, and the state of these rows, are updated (lazily, as `torch.optim.SparseAdam`): moments of other rows do not
/// fade meanwhile and other rows do not decay. Where the rule needs the whole parameter ([`Rule::is_whole`]), row
/// gradients count as a dense gradient with zeros elsewhere.
#[derive(Debug)]
pub struct Optimizer {
    rule_name: String,
    rule: Box<dyn Rule>,
    params: Vec<Param>,
}

#[derive(Debug)]
struct Param {
    name: String,
    var: Var,
    lr_scale: f64,
    weight_decay: f64,
    /// Updates of this parameter.
    step: u64,
    slots: Vec<Slot>,
    /// One buffer per slot.
    state: Vec<Vec<f32>>,
}

impl Optimizer {
    /// An optimizer with a rule of the registry. Parameters are contiguous `f32` variables with distinct names.
    pub fn new(rule: &Component, params: Vec<(String, Var)>, groups: &[Group]) -> Result<Self> {
        Self::with_rule(&rule.name, build_rule(rule)?, params, groups)
    }

    /// An optimizer with a rule from outside; `rule_name` names its state.
    pub fn with_rule(
        rule_name: &str,
        rule: Box<dyn Rule>,
        params: Vec<(String, Var)>,
        groups: &[Group],
    ) -> Result<Self> {
        groups.iter().try_for_each(Group::check)?;
        let mut names = BTreeSet::new();
        for (name, var) in &params {
            check(name, var, names.insert(name.clone()))?;
        }
        let mut params: Vec<Param> =
            params.into_iter().map(|(name, var)| Param::new(name, var, rule.as_ref(), groups)).collect();
        params.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { rule_name: rule_name.to_owned(), rule, params })
    }

    /// One update with learning rate `lr`. Nothing is changed unless every gradient fits.
    pub fn step(&mut self, lr: f64, grads: &Gradients) -> Result<()> {
        self.check(grads)?;
        for param in &mut self.params {
            param.step(self.rule.as_ref(), lr, grads)?;
        }
        Ok(())
    }

    /// The state by name: `RULE/SLOT/PARAMETER` (`f32`, shaped as the slot says) and `RULE/step/PARAMETER` (`i64`).
    pub fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        state::write(&self.rule_name, &self.params)
    }

    /// Takes over a state that [`Optimizer::state`] gave; changes nothing unless all of it fits.
    pub fn load_state(&mut self, state: &BTreeMap<String, Tensor>) -> Result<()> {
        state::read(&self.rule_name, &mut self.params, state)
    }

    /// Names of the parameters, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.params.iter().map(|param| param.name.as_str())
    }

    fn check(&self, grads: &Gradients) -> Result<()> {
        for name in grads.names() {
            let known = self.params.binary_search_by(|param| param.name.as_str().cmp(name));
            let at = known.map_err(|_| Error::UnknownParameter { name: name.to_owned() })?;
            self.params[at].check(grads)?;
        }
        Ok(())
    }
}

impl Param {
    fn new(name: String, var: Var, rule: &dyn Rule, groups: &[Group]) -> Self {
        let group = groups.iter().find(|group| group.fits(&name));
        let slots = rule.slots(Place { name: &name, dims: var.dims() });
        let state = slots.iter().map(|slot| vec![0.0; slot.dims.iter().product()]).collect();
        let lr_scale = group.map_or(1.0, |group| group.lr_scale);
        let weight_decay = group.and_then(|group| group.weight_decay).unwrap_or_else(|| rule.weight_decay());
        Self { name, var, lr_scale, weight_decay, step: 0, slots, state }
    }

    fn check(&self, grads: &Gradients) -> Result<()> {
        let misfit =
            |expected: String, got: String| Err(Error::Gradient { name: self.name.clone(), expected, got });
        let (dense, rows) = (grads.dense(&self.name), grads.rows(&self.name));
        if dense.is_some() && rows.is_some() {
            return misfit("a dense gradient or rows".to_owned(), "both".to_owned());
        }
        if let Some(grad) = dense.filter(|grad| grad.dims() != self.var.dims()) {
            return misfit(format!("{:?}", self.var.dims()), format!("{:?}", grad.dims()));
        }
        let Some(rows) = rows else { return Ok(()) };
        let count = self.var.dims().first().copied().unwrap_or_default();
        let dim = self.var.elem_count() / count.max(1);
        if rows.dim() != dim {
            return misfit(format!("rows of width {dim}"), format!("width {}", rows.dim()));
        }
        match rows.ids().last() {
            Some(&last) if last as usize >= count => {
                misfit(format!("rows below {count}"), format!("row {last}"))
            }
            _ => Ok(()),
        }
    }

    fn step(&mut self, rule: &dyn Rule, lr: f64, grads: &Gradients) -> Result<()> {
        let place = Place { name: &self.name, dims: self.var.dims() };
        let at = At { step: self.step + 1, lr: lr * self.lr_scale, weight_decay: self.weight_decay, place };
        let state = &mut self.state;
        if let Some(grad) = grads.dense(&self.name) {
            host::with_slice(grad, |grad| {
                host::with_mut(&self.var, |param| update::dense(rule, at, param, grads.grad(grad), state))
            })??;
        } else if let Some(rows) = grads.rows(&self.name) {
            let grad = grads.grad(rows.values());
            host::with_mut(&self.var, |param| update::sparse(rule, at, param, rows, grad, state))?;
        } else {
            return Ok(());
        }
        self.step += 1;
        Ok(())
    }
}

fn check(name: &str, var: &Var, is_new: bool) -> Result<()> {
    let why = match () {
        () if !is_new => "the name occurs twice".to_owned(),
        () if var.dtype() != DType::F32 => format!("it is {:?}, expected F32", var.dtype()),
        () if !var.is_contiguous() => "it is not contiguous".to_owned(),
        () => return Ok(()),
    };
    Err(Error::Parameter { name: name.to_owned(), why })
}
