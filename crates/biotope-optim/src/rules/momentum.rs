//! Gradient descent with a heavy ball (Polyak 1964), the classical form: gradients add up in the velocity.
//!
//! `v ← μ v + (1 - d) g; p ← p - lr v`; the first update sets `v = g`. These are the formulas of `torch.optim.SGD`, in
//! which the learning rate stays outside the velocity. Under a constant gradient the velocity grows to `g / (1 - μ)`;
//! where a mean of the gradients is wanted, take [`momentum-average`](super::momentum_average).

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{At, Place, Rule, Slot, fraction, not_negative};
use crate::Grad;

/// Gradient descent with classical momentum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Momentum {
    /// Share `μ` of the velocity that is kept.
    pub momentum: f64,
    /// Share `d` of the gradient that is held back from the velocity after the first update.
    pub dampening: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
}

impl Default for Momentum {
    fn default() -> Self {
        Self { momentum: 0.9, dampening: 0.0, weight_decay: 0.0 }
    }
}

impl Config for Momentum {
    const NAME: &'static str = "momentum";
    const SUMMARY: &'static str = "gradient descent with a heavy ball: gradients add up";

    fn check(&self) -> Result<(), Invalid> {
        fraction("momentum", self.momentum)?;
        fraction("dampening", self.dampening)?;
        not_negative("weight_decay", self.weight_decay)
    }
}

impl Rule for Momentum {
    fn slots(&self, place: Place<'_>) -> Vec<Slot> {
        place.slots(&["velocity"])
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) {
        let (lr, decay, keep) = (at.lr as f32, at.weight_decay as f32, self.momentum as f32);
        let fresh = if at.step == 1 { 1.0 } else { (1.0 - self.dampening) as f32 };
        for ((p, g), v) in param.iter_mut().zip(grad.iter()).zip(state[0].iter_mut()) {
            *v = keep * *v + fresh * (g + decay * *p);
            *p -= lr * *v;
        }
    }
}
