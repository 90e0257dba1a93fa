//! `RAdam` (Liu et al. 2020): Adam that leaves the second moment out as long as too few gradients make it up, and
//! weighs it by how much it can be trusted afterwards. `torch.optim.RAdam`.
//!
//! With `ρ∞ = 2/(1-β2) - 1` and `ρₜ = ρ∞ - 2 t β2ᵗ / (1-β2ᵗ)`: as long as `ρₜ ≤ 5`, `p ← p - lr m̂`; then
//! `p ← p - lr r m̂ √(1-β2ᵗ) / (√v + ε)` with `r² = (ρₜ-4)(ρₜ-2) ρ∞ / ((ρ∞-4)(ρ∞-2) ρₜ)`.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::adam::{Moments, SLOTS, check};
use super::{At, Place, Rule, Slot, not_negative};
use crate::Grad;

/// `RAdam`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RAdam {
    /// Memory of the first moment.
    pub beta1: f64,
    /// Memory of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
}

impl Default for RAdam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 }
    }
}

impl Config for RAdam {
    const NAME: &'static str = "radam";
    const SUMMARY: &'static str = "Adam with a rectified second moment: a warm-up of its own";

    fn check(&self) -> Result<(), Invalid> {
        check(self.beta1, self.beta2, self.eps)?;
        not_negative("weight_decay", self.weight_decay)
    }
}

impl RAdam {
    /// `r √(1-β2ᵗ)`, or none while the second moment is not to be trusted.
    fn rectified(&self, step: u64) -> Option<f64> {
        let (t, memory) = (step as f64, self.beta2.powf(step as f64));
        let most = 2.0 / (1.0 - self.beta2) - 1.0;
        let length = most - 2.0 * t * memory / (1.0 - memory);
        let trust = (length - 4.0) * (length - 2.0) * most / ((most - 4.0) * (most - 2.0) * length);
        (length > 5.0).then(|| trust.sqrt() * (1.0 - memory).sqrt())
    }
}

impl Rule for RAdam {
    fn slots(&self, place: Place<'_>) -> Vec<Slot> {
        place.slots(SLOTS)
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) {
        let [m, v] = state else { unreachable!("the rule names two slots") };
        let (moments, decay) = (Moments::at(at, self.beta1, self.beta2, self.eps), at.weight_decay as f32);
        let step = at.lr / (1.0 - self.beta1.powf(at.step as f64));
        let walk = param.iter_mut().zip(grad.iter()).zip(m.iter_mut()).zip(v.iter_mut());
        let Some(rectified) = self.rectified(at.step) else {
            let step = step as f32;
            return walk.for_each(|(((p, g), m), v)| {
                moments.take(g + decay * *p, m, v);
                *p -= step * *m;
            });
        };
        let (step, eps) = ((step * rectified) as f32, self.eps as f32);
        walk.for_each(|(((p, g), m), v)| {
            moments.take(g + decay * *p, m, v);
            *p -= step * (*m / (v.sqrt() + eps));
        });
    }
}
