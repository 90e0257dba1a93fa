//! Lion (Chen et al. 2023, algorithm 2): steps of one length along the sign of an interpolated momentum.
//!
//! `c = β1 m + (1-β1) g; p ← p - lr (sign(c) + λ p); m ← β2 m + (1-β2) g`. The sign of zero is zero. Take a learning
//! rate three to ten times below that of `AdamW`, and a decay as many times above.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{At, Place, Rule, Slot, fraction, not_negative};
use crate::Grad;

/// Lion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lion {
    /// Share of the momentum in the direction of the step.
    pub beta1: f64,
    /// Memory of the momentum.
    pub beta2: f64,
    /// Decoupled decay, times the learning rate.
    pub weight_decay: f64,
}

impl Default for Lion {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.99, weight_decay: 0.0 }
    }
}

impl Config for Lion {
    const NAME: &'static str = "lion";
    const SUMMARY: &'static str = "steps of one length along the sign of the momentum";

    fn check(&self) -> Result<(), Invalid> {
        fraction("beta1", self.beta1)?;
        fraction("beta2", self.beta2)?;
        not_negative("weight_decay", self.weight_decay)
    }
}

impl Rule for Lion {
    fn slots(&self, place: Place<'_>) -> Vec<Slot> {
        place.slots(&["exp_avg"])
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) {
        let (lr, keep) = (at.lr as f32, (1.0 - at.lr * at.weight_decay) as f32);
        let (keep1, take1) = (self.beta1 as f32, (1.0 - self.beta1) as f32);
        let (keep2, take2) = (self.beta2 as f32, (1.0 - self.beta2) as f32);
        for ((p, g), m) in param.iter_mut().zip(grad.iter()).zip(state[0].iter_mut()) {
            *p = keep * *p - lr * sign(keep1 * *m + take1 * g);
            *m = keep2 * *m + take2 * g;
        }
    }
}

fn sign(value: f32) -> f32 {
    f32::from(u8::from(value > 0.0)) - f32::from(u8::from(value < 0.0))
}
