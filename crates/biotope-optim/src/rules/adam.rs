//! Adam (Kingma and Ba 2015), with the L2 penalty inside the gradient as in `torch.optim.Adam`.
//!
//! `m ← β1 m + (1-β1) g; v ← β2 v + (1-β2) g²; p ← p - lr m̂ / (√v̂ + ε)` with `m̂ = m/(1-β1ᵗ)`, `v̂ = v/(1-β2ᵗ)`.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{At, Place, Rule, Slot, fraction, not_negative};
use crate::Grad;

/// Adam.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// Memory of the first moment.
    pub beta1: f64,
    /// Memory of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 }
    }
}

impl Config for Adam {
    const NAME: &'static str = "adam";
    const SUMMARY: &'static str = "adaptive moments, L2 penalty in the gradient";

    fn check(&self) -> Result<(), Invalid> {
        check(self.beta1, self.beta2, self.eps)?;
        not_negative("weight_decay", self.weight_decay)
    }
}

impl Rule for Adam {
    fn slots(&self, place: Place<'_>) -> Vec<Slot> {
        place.slots(SLOTS)
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) {
        let moments = Moments::at(at, self.beta1, self.beta2, self.eps);
        let decay = at.weight_decay as f32;
        moments.walk(param, grad, state, |p, g| (p, g + decay * p));
    }
}

pub(super) const SLOTS: &[&str] = &["exp_avg", "exp_avg_sq"];

pub(super) fn check(beta1: f64, beta2: f64, eps: f64) -> Result<(), Invalid> {
    fraction("beta1", beta1)?;
    fraction("beta2", beta2)?;
    not_negative("eps", eps)
}

/// The constants of one step, worked out in double precision once and used in single.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    keep1: f32,
    take1: f32,
    keep2: f32,
    take2: f32,
    root2: f32,
    eps: f32,
    step_size: f32,
}

impl Moments {
    pub(super) fn at(at: At<'_>, beta1: f64, beta2: f64, eps: f64) -> Self {
        let step = at.step as f64;
        let (correction1, correction2) = (1.0 - beta1.powf(step), 1.0 - beta2.powf(step));
        Self {
            keep1: beta1 as f32,
            take1: (1.0 - beta1) as f32,
            keep2: beta2 as f32,
            take2: (1.0 - beta2) as f32,
            root2: (1.0 / correction2.sqrt()) as f32,
            eps: eps as f32,
            step_size: (at.lr / correction1) as f32,
        }
    }

    /// Takes a gradient into both moments.
    pub(super) fn take(self, g: f32, m: &mut f32, v: &mut f32) {
        *m = self.keep1 * *m + self.take1 * g;
        *v = self.keep2 * *v + self.take2 * (g * g);
    }

    /// What the step is divided by.
    pub(super) fn root(self, v: f32) -> f32 {
        v.sqrt() * self.root2 + self.eps
    }

    /// The step, to be taken off the parameter.
    pub(super) fn step(self, m: f32, v: f32) -> f32 {
        self.step_size * (m / self.root(v))
    }

    /// One pass; `decay` says what weight decay makes of parameter and gradient.
    pub(super) fn walk(
        self,
        param: &mut [f32],
        grad: Grad<'_>,
        state: &mut [&mut [f32]],
        decay: impl Fn(f32, f32) -> (f32, f32),
    ) {
        let [m, v] = state else { unreachable!("the rule names two slots") };
        for (((p, g), m), v) in param.iter_mut().zip(grad.iter()).zip(m.iter_mut()).zip(v.iter_mut()) {
            let (kept, g) = decay(*p, g);
            self.take(g, m, v);
            *p = kept - self.step(*m, *v);
        }
    }
}
