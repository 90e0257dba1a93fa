//! Gradient descent with a heavy ball (Polyak 1964) or Nesterov's look-ahead (Sutskever et al. 2013).
//!
//! `v ← μ v + (1 - d) g; p ← p - lr v`, with Nesterov `p ← p - lr (g + μ v)`; the first update sets `v = g`.
//! These are the formulas of `torch.optim.SGD`, in which the learning rate stays outside the velocity.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{At, Rule, fraction, not_negative};

/// Gradient descent with momentum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Momentum {
    /// Share `μ` of the velocity that is kept.
    pub momentum: f64,
    /// Share `d` of the gradient that is held back from the velocity after the first update.
    pub dampening: f64,
    /// Whether to step from where the velocity would lead; needs `momentum` and no `dampening`.
    pub nesterov: bool,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
}

impl Default for Momentum {
    fn default() -> Self {
        Self { momentum: 0.9, dampening: 0.0, nesterov: false, weight_decay: 0.0 }
    }
}

impl Config for Momentum {
    const NAME: &'static str = "momentum";
    const SUMMARY: &'static str = "gradient descent with a heavy ball, or Nesterov's look-ahead";

    fn check(&self) -> Result<(), Invalid> {
        fraction("momentum", self.momentum)?;
        fraction("dampening", self.dampening)?;
        if self.nesterov && (self.momentum == 0.0 || self.dampening != 0.0) {
            let got = format!("momentum {} and dampening {}", self.momentum, self.dampening);
            return Err(Invalid::new("nesterov", "needs a momentum and no dampening", got));
        }
        not_negative("weight_decay", self.weight_decay)
    }
}

impl Rule for Momentum {
    fn slots(&self) -> &'static [&'static str] {
        &["velocity"]
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn update(&self, at: At, param: &mut [f32], grad: &[f32], state: &mut [&mut [f32]]) {
        let (lr, decay, mu) = (at.lr as f32, at.weight_decay as f32, self.momentum as f32);
        let fresh = if at.step == 1 { 1.0 } else { (1.0 - self.dampening) as f32 };
        let look_ahead = self.nesterov;
        for ((p, g), v) in param.iter_mut().zip(grad).zip(state[0].iter_mut()) {
            let g = g + decay * *p;
            *v = mu * *v + fresh * g;
            *p -= lr * if look_ahead { g + mu * *v } else { *v };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesterov_without_momentum_is_refused() {
        let error = Momentum { nesterov: true, momentum: 0.0, ..Momentum::default() }.check().unwrap_err();
        let look = "invalid nesterov: needs a momentum and no dampening, got momentum 0 and dampening 0";
        assert_eq!(error.to_string(), look);
    }
}
