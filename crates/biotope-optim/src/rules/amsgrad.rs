//! `AMSGrad` (Reddi et al. 2018): Adam that divides by the largest second moment so far, so that steps never grow again.
//!
//! As [`adam`](super::adam), with `v̂ = max(v̂, v)` in place of `v`; as in `torch.optim.Adam(amsgrad=True)`, where the
//! maximum is taken before the bias is corrected.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::adam::{Moments, check};
use super::{At, Place, Rule, Slot, not_negative};
use crate::Grad;

/// `AMSGrad`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AmsGrad {
    /// Memory of the first moment.
    pub beta1: f64,
    /// Memory of the second moment.
    pub beta2: f64,
    /// Added to the root of the largest second moment.
    pub eps: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
}

impl Default for AmsGrad {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0 }
    }
}

impl Config for AmsGrad {
    const NAME: &'static str = "amsgrad";
    const SUMMARY: &'static str = "Adam over the largest second moment so far";

    fn check(&self) -> Result<(), Invalid> {
        check(self.beta1, self.beta2, self.eps)?;
        not_negative("weight_decay", self.weight_decay)
    }
}

impl Rule for AmsGrad {
    fn slots(&self, place: Place<'_>) -> Vec<Slot> {
        place.slots(&["exp_avg", "exp_avg_sq", "max_exp_avg_sq"])
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) {
        let [m, v, top] = state else { unreachable!("the rule names three slots") };
        let (moments, decay) = (Moments::at(at, self.beta1, self.beta2, self.eps), at.weight_decay as f32);
        let seconds = v.iter_mut().zip(top.iter_mut());
        for (((p, g), m), (v, top)) in param.iter_mut().zip(grad.iter()).zip(m.iter_mut()).zip(seconds) {
            moments.take(g + decay * *p, m, v);
            *top = top.max(*v);
            *p -= moments.step(*m, *top);
        }
    }
}
