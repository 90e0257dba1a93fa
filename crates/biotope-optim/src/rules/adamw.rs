//! `AdamW` (Loshchilov and Hutter 2019): Adam whose weight decay acts on the parameter, apart from the moments.
//!
//! `p ← (1 - lr λ) p`, then Adam's step with the bare gradient; as in `torch.optim.AdamW`.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::adam::{Moments, SLOTS, check};
use super::{At, Place, Rule, Slot, not_negative};
use crate::Grad;

/// `AdamW`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// Memory of the first moment.
    pub beta1: f64,
    /// Memory of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Decoupled decay, times the learning rate.
    pub weight_decay: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.01 }
    }
}

impl Config for AdamW {
    const NAME: &'static str = "adamw";
    const SUMMARY: &'static str = "adaptive moments, decoupled weight decay";

    fn check(&self) -> Result<(), Invalid> {
        check(self.beta1, self.beta2, self.eps)?;
        not_negative("weight_decay", self.weight_decay)
    }
}

impl Rule for AdamW {
    fn slots(&self, place: Place<'_>) -> Vec<Slot> {
        place.slots(SLOTS)
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) {
        let moments = Moments::at(at, self.beta1, self.beta2, self.eps);
        let keep = (1.0 - at.lr * at.weight_decay) as f32;
        moments.walk(param, grad, state, |p, g| (p * keep, g));
    }
}
