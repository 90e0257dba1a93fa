//! Gradient descent along the running mean of the gradients: momentum in its averaging form.
//!
//! `v ← μ v + (1 - μ) g; p ← p - lr v`, from `v = 0`. It walks where [`momentum`](super::momentum) walks with a
//! learning rate of `(1 - μ) lr`: here the length of a step does not change with `μ`, there it grows as `1 / (1 - μ)`.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{At, Place, Rule, Slot, fraction, not_negative};
use crate::Grad;

/// Gradient descent along the mean gradient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MomentumAverage {
    /// Share `μ` of the mean that is kept; the gradient takes the rest.
    pub momentum: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
}

impl Default for MomentumAverage {
    fn default() -> Self {
        Self { momentum: 0.9, weight_decay: 0.0 }
    }
}

impl Config for MomentumAverage {
    const NAME: &'static str = "momentum-average";
    const SUMMARY: &'static str = "gradient descent along the running mean of the gradients";

    fn check(&self) -> Result<(), Invalid> {
        fraction("momentum", self.momentum)?;
        not_negative("weight_decay", self.weight_decay)
    }
}

impl Rule for MomentumAverage {
    fn slots(&self, place: Place<'_>) -> Vec<Slot> {
        place.slots(&["mean"])
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) {
        let (lr, decay) = (at.lr as f32, at.weight_decay as f32);
        let (keep, take) = (self.momentum as f32, (1.0 - self.momentum) as f32);
        for ((p, g), v) in param.iter_mut().zip(grad.iter()).zip(state[0].iter_mut()) {
            *v = keep * *v + take * (g + decay * *p);
            *p -= lr * *v;
        }
    }
}
