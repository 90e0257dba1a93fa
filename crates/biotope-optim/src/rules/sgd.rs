//! Stochastic gradient descent (Robbins and Monro 1951): `p ← p - lr (g + λ p)`.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{At, Place, Rule, Slot, not_negative};
use crate::Grad;

/// Plain gradient descent; `weight_decay` is the L2 penalty `λ`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
}

impl Config for Sgd {
    const NAME: &'static str = "sgd";
    const SUMMARY: &'static str = "plain gradient descent";

    fn check(&self) -> Result<(), Invalid> {
        not_negative("weight_decay", self.weight_decay)
    }
}

impl Rule for Sgd {
    fn slots(&self, _: Place<'_>) -> Vec<Slot> {
        Vec::new()
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, _: &mut [&mut [f32]]) {
        let (lr, decay) = (at.lr as f32, at.weight_decay as f32);
        for (p, g) in param.iter_mut().zip(grad.iter()) {
            *p -= lr * (g + decay * *p);
        }
    }
}
