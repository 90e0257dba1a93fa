//! LAMB (You et al. 2020, algorithm 2): Adam's step with decay, as long as the parameter says. For large batches.
//!
//! `u = m̂ / (√v̂ + ε) + λ p; p ← p - lr (‖p‖ / ‖u‖) u`, with the ratio 1 where one of the norms is zero. The norms are
//! over the whole parameter, summed in double precision.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::adam::{Moments, SLOTS, check};
use super::{At, Place, Rule, Slot, not_negative};
use crate::{Grad, pieces};

/// LAMB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lamb {
    /// Memory of the first moment.
    pub beta1: f64,
    /// Memory of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub eps: f64,
    /// Decay `λ`, part of the step whose length is set.
    pub weight_decay: f64,
}

impl Default for Lamb {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-6, weight_decay: 0.01 }
    }
}

impl Config for Lamb {
    const NAME: &'static str = "lamb";
    const SUMMARY: &'static str =
        "Adam's direction with steps as long as the parameter says, for large batches";

    fn check(&self) -> Result<(), Invalid> {
        check(self.beta1, self.beta2, self.eps)?;
        not_negative("weight_decay", self.weight_decay)
    }
}

impl Rule for Lamb {
    fn slots(&self, place: Place<'_>) -> Vec<Slot> {
        place.slots(SLOTS)
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn is_whole(&self, _: Place<'_>) -> bool {
        true
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) {
        let moments = Moments::at(At { lr: 1.0, ..at }, self.beta1, self.beta2, self.eps);
        let decay = at.weight_decay as f32;
        let step = |p: f32, m: f32, v: f32| moments.step(m, v) + decay * p;
        let squares = pieces::map(param, grad, state, |param, grad, state| {
            let [m, v] = state else { unreachable!("the rule names two slots") };
            let (mut of_param, mut of_step) = (0.0, 0.0);
            for (((p, g), m), v) in param.iter().zip(grad.iter()).zip(m.iter_mut()).zip(v.iter_mut()) {
                moments.take(g, m, v);
                of_param += f64::from(*p) * f64::from(*p);
                let step = f64::from(step(*p, *m, *v));
                of_step += step * step;
            }
            (of_param, of_step)
        });
        let lr = (at.lr * ratio(&squares)) as f32;
        pieces::map(param, grad, state, |param, _, state| {
            let moments = state[0].iter().zip(state[1].iter());
            param.iter_mut().zip(moments).for_each(|(p, (m, v))| *p -= lr * step(*p, *m, *v));
        });
    }
}

/// `‖p‖ / ‖u‖` from the squares of the pieces.
fn ratio(squares: &[(f64, f64)]) -> f64 {
    let (of_param, of_step) =
        squares.iter().fold((0.0, 0.0), |sum, piece| (sum.0 + piece.0, sum.1 + piece.1));
    if of_param > 0.0 && of_step > 0.0 { (of_param / of_step).sqrt() } else { 1.0 }
}
