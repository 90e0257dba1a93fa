//! Adagrad (Duchi et al. 2011): steps shrink by all the gradients an element has seen. `torch.optim.Adagrad`.
//!
//! `s ← s + g²; p ← p - lr / (1 + (t - 1) γ) · g / (√s + ε)`.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{At, Place, Rule, Slot, not_negative};
use crate::Grad;

/// Adagrad.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adagrad {
    /// Decay `γ` of the learning rate with the updates, beside the schedule.
    pub lr_decay: f64,
    /// Added to the root of the sum.
    pub eps: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
}

impl Default for Adagrad {
    fn default() -> Self {
        Self { lr_decay: 0.0, eps: 1e-10, weight_decay: 0.0 }
    }
}

impl Config for Adagrad {
    const NAME: &'static str = "adagrad";
    const SUMMARY: &'static str = "steps shrink by the sum of the squared gradients so far";

    fn check(&self) -> Result<(), Invalid> {
        not_negative("lr_decay", self.lr_decay)?;
        not_negative("eps", self.eps)?;
        not_negative("weight_decay", self.weight_decay)
    }
}

impl Rule for Adagrad {
    fn slots(&self, place: Place<'_>) -> Vec<Slot> {
        place.slots(&["sum"])
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) {
        let lr = (at.lr / (1.0 + (at.step - 1) as f64 * self.lr_decay)) as f32;
        let (decay, eps) = (at.weight_decay as f32, self.eps as f32);
        for ((p, g), sum) in param.iter_mut().zip(grad.iter()).zip(state[0].iter_mut()) {
            let g = g + decay * *p;
            *sum += g * g;
            *p -= lr * (g / (sum.sqrt() + eps));
        }
    }
}
