//! `RMSProp` (Tieleman and Hinton 2012): steps are divided by the running root mean square. `torch.optim.RMSprop`.
//!
//! `s ← α s + (1-α) g²; a = √s + ε`, with `centered` (Graves 2013) `a = √(s - ḡ²) + ε` where `ḡ ← α ḡ + (1-α) g`;
//! `p ← p - lr g / a`, with momentum `b ← μ b + g / a; p ← p - lr b`.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::{At, Place, Rule, Slot, fraction, not_negative};
use crate::Grad;

/// `RMSProp`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RmsProp {
    /// Memory of the mean square.
    pub alpha: f64,
    /// Share of the last step that is kept; 0: none.
    pub momentum: f64,
    /// Whether the square of the mean is taken off the mean square, which leaves the variance.
    pub centered: bool,
    /// Added to the root.
    pub eps: f64,
    /// L2 penalty, added to the gradient.
    pub weight_decay: f64,
}

impl Default for RmsProp {
    fn default() -> Self {
        Self { alpha: 0.99, momentum: 0.0, centered: false, eps: 1e-8, weight_decay: 0.0 }
    }
}

impl Config for RmsProp {
    const NAME: &'static str = "rmsprop";
    const SUMMARY: &'static str = "steps divided by the running root mean square of the gradients";

    fn check(&self) -> Result<(), Invalid> {
        fraction("alpha", self.alpha)?;
        fraction("momentum", self.momentum)?;
        not_negative("eps", self.eps)?;
        not_negative("weight_decay", self.weight_decay)
    }
}

impl Rule for RmsProp {
    fn slots(&self, place: Place<'_>) -> Vec<Slot> {
        let mut names = vec!["square_avg"];
        names.extend(self.centered.then_some("grad_avg"));
        names.extend((self.momentum > 0.0).then_some("momentum_buffer"));
        place.slots(&names)
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) {
        let step = Step::new(self, at);
        match (self.centered, state) {
            (false, [s]) => {
                for ((p, g), s) in param.iter_mut().zip(grad.iter()).zip(s.iter_mut()) {
                    *p -= step.lr * step.plain(*p, g, s);
                }
            }
            (true, [s, a]) => {
                for (((p, g), s), a) in param.iter_mut().zip(grad.iter()).zip(s.iter_mut()).zip(a.iter_mut())
                {
                    *p -= step.lr * step.centered(*p, g, s, a);
                }
            }
            (false, [s, b]) => {
                for (((p, g), s), b) in param.iter_mut().zip(grad.iter()).zip(s.iter_mut()).zip(b.iter_mut())
                {
                    *b = step.momentum * *b + step.plain(*p, g, s);
                    *p -= step.lr * *b;
                }
            }
            (true, [s, a, b]) => {
                let averages = s.iter_mut().zip(a.iter_mut());
                for (((p, g), (s, a)), b) in param.iter_mut().zip(grad.iter()).zip(averages).zip(b.iter_mut())
                {
                    *b = step.momentum * *b + step.centered(*p, g, s, a);
                    *p -= step.lr * *b;
                }
            }
            _ => unreachable!("the rule names these slots"),
        }
    }
}

/// The constants of one step.
#[derive(Clone, Copy)]
struct Step {
    lr: f32,
    decay: f32,
    keep: f32,
    take: f32,
    momentum: f32,
    eps: f32,
}

impl Step {
    fn new(rule: &RmsProp, at: At<'_>) -> Self {
        Self {
            lr: at.lr as f32,
            decay: at.weight_decay as f32,
            keep: rule.alpha as f32,
            take: (1.0 - rule.alpha) as f32,
            momentum: rule.momentum as f32,
            eps: rule.eps as f32,
        }
    }

    fn plain(self, p: f32, g: f32, square: &mut f32) -> f32 {
        let g = g + self.decay * p;
        *square = self.keep * *square + self.take * (g * g);
        g / (square.sqrt() + self.eps)
    }

    fn centered(self, p: f32, g: f32, square: &mut f32, mean: &mut f32) -> f32 {
        let g = g + self.decay * p;
        *square = self.keep * *square + self.take * (g * g);
        *mean += self.take * (g - *mean);
        // rounding may push a variance of zero below it
        let variance = (*square - *mean * *mean).max(0.0);
        g / (variance.sqrt() + self.eps)
    }
}
