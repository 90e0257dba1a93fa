//! `NAdam` (Dozat 2016): Adam with Nesterov's look-ahead in its first moment. `torch.optim.NAdam`.
//!
//! With `μₜ = β1 (1 - ½ · 0.96^(t ψ))` the step is `lr [μₜ₊₁ m / (1 - ∏ᵢ₌₁ᵗ⁺¹ μᵢ) + (1 - μₜ) g / (1 - ∏ᵢ₌₁ᵗ μᵢ)] / (√v̂ + ε)`.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::adam::{Moments, SLOTS, check};
use super::{At, Place, Rule, Slot, not_negative};
use crate::Grad;

/// `NAdam`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NAdam {
    /// Memory of the first moment.
    pub beta1: f64,
    /// Memory of the second moment.
    pub beta2: f64,
    /// How fast `ψ` the look-ahead grows to its full share.
    pub momentum_decay: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
}

impl Default for NAdam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, momentum_decay: 4e-3, eps: 1e-8, weight_decay: 0.0 }
    }
}

impl Config for NAdam {
    const NAME: &'static str = "nadam";
    const SUMMARY: &'static str = "Adam with Nesterov's look-ahead";

    fn check(&self) -> Result<(), Invalid> {
        check(self.beta1, self.beta2, self.eps)?;
        not_negative("momentum_decay", self.momentum_decay)?;
        not_negative("weight_decay", self.weight_decay)
    }
}

impl NAdam {
    fn mu(&self, step: u64) -> f64 {
        self.beta1 * (1.0 - 0.5 * 0.96f64.powf(step as f64 * self.momentum_decay))
    }

    /// `μ₁ μ₂ … μₜ`. It has nothing to say in double precision long before it has many factors.
    fn product(&self, step: u64) -> f64 {
        let mut product = 1.0;
        for at in 1..=step {
            product *= self.mu(at);
            if product < f64::EPSILON / 4.0 {
                return 0.0;
            }
        }
        product
    }
}

impl Rule for NAdam {
    fn slots(&self, place: Place<'_>) -> Vec<Slot> {
        place.slots(SLOTS)
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) {
        let [m, v] = state else { unreachable!("the rule names two slots") };
        let (mu, next, product) = (self.mu(at.step), self.mu(at.step + 1), self.product(at.step));
        let of_grad = (at.lr * (1.0 - mu) / (1.0 - product)) as f32;
        let of_mean = (at.lr * next / (1.0 - product * next)) as f32;
        let (moments, decay) = (Moments::at(at, self.beta1, self.beta2, self.eps), at.weight_decay as f32);
        for (((p, g), m), v) in param.iter_mut().zip(grad.iter()).zip(m.iter_mut()).zip(v.iter_mut()) {
            let g = g + decay * *p;
            moments.take(g, m, v);
            *p -= (of_grad * g + of_mean * *m) / moments.root(*v);
        }
    }
}
