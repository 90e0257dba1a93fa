//! Nesterov's accelerated gradient (1983) as Sutskever et al. (2013) brought it to networks: a heavy ball that looks
//! where its velocity would lead.
//!
//! `v ← μ v + g; p ← p - lr (g + μ v)`: `torch.optim.SGD(nesterov=True)`.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{At, Place, Rule, Slot, fraction, not_negative};
use crate::Grad;

/// Gradient descent with Nesterov's look-ahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nesterov {
    /// Share `μ` of the velocity that is kept.
    pub momentum: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
}

impl Default for Nesterov {
    fn default() -> Self {
        Self { momentum: 0.9, weight_decay: 0.0 }
    }
}

impl Config for Nesterov {
    const NAME: &'static str = "nesterov";
    const SUMMARY: &'static str = "a heavy ball that looks where its velocity would lead";

    fn check(&self) -> Result<(), Invalid> {
        fraction("momentum", self.momentum)?;
        not_negative("weight_decay", self.weight_decay)
    }
}

impl Rule for Nesterov {
    fn slots(&self, place: Place<'_>) -> Vec<Slot> {
        place.slots(&["velocity"])
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) {
        let (lr, decay, keep) = (at.lr as f32, at.weight_decay as f32, self.momentum as f32);
        for ((p, g), v) in param.iter_mut().zip(grad.iter()).zip(state[0].iter_mut()) {
            let g = g + decay * *p;
            *v = keep * *v + g;
            *p -= lr * (g + keep * *v);
        }
    }
}
