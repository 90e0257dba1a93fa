//! Muon (Jordan et al. 2024): the momentum of a matrix, made nearly orthogonal, so that every direction of it is
//! learned at one speed. Everything that is no hidden matrix is moved by [`adamw`](super::adamw).
//!
//! As `torch.optim.Muon`: `m ← μ m + (1-μ) g; u = (1-μ) g + μ m` (without `nesterov` `u = m`); `x = u / ‖u‖`, then
//! `iterations` times `x ← a x + (b x xᵀ + c (x xᵀ)²) x` with (a, b, c) = (3.4445, -4.775, 2.0315), which brings the
//! singular values of `x` near 1 (Newton and Schulz); `p ← (1 - lr λ) p - lr s x` with a scale `s` by the shape.
//! `torch.optim` iterates in bfloat16, this in single precision.

use biotope_core::{Config, Invalid};
use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::adamw::AdamW;
use super::{At, Place, Rule, Slot, fraction, not_negative};
use crate::{Grad, group, pieces};

/// Muon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Muon {
    /// Share `μ` of the momentum that is kept.
    pub momentum: f64,
    /// Whether to look ahead, as Nesterov.
    pub nesterov: bool,
    /// Newton-Schulz iterations.
    pub iterations: usize,
    /// Smallest norm that a momentum is divided by.
    pub eps: f64,
    /// How long steps are.
    pub scale: Scale,
    /// Matrices that are moved by `AdamW` nevertheless: patterns over names, as in groups.
    pub adamw: Vec<String>,
    /// Memory of the first moment of `AdamW`.
    pub beta1: f64,
    /// Memory of the second moment of `AdamW`.
    pub beta2: f64,
    /// Added to the root of the second moment of `AdamW`.
    pub adamw_eps: f64,
    /// Decoupled decay, times the learning rate.
    pub weight_decay: f64,
}

/// What the learning rate is multiplied with for a matrix of `rows` × `cols`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// `0.2 √max(rows, cols)`: steps as long as those of `AdamW`, so that both share a learning rate (Liu et al. 2025).
    MatchRmsAdamw,
    /// `√max(1, rows / cols)`: Jordan's; the learning rate is some twenty times that of `AdamW`.
    Original,
    /// `√(rows / cols)` (Bernstein 2025).
    SpectralUnclamped,
}

impl Scale {
    fn of(self, rows: usize, cols: usize) -> f64 {
        let (rows, cols) = (rows as f64, cols as f64);
        match self {
            Self::MatchRmsAdamw => 0.2 * rows.max(cols).sqrt(),
            Self::Original => (rows / cols).max(1.0).sqrt(),
            Self::SpectralUnclamped => (rows / cols).sqrt(),
        }
    }
}

impl Default for Muon {
    fn default() -> Self {
        Self {
            momentum: 0.95,
            nesterov: true,
            iterations: 5,
            eps: 1e-7,
            scale: Scale::MatchRmsAdamw,
            adamw: ["*embed*", "*classifier*", "*head*"].map(str::to_owned).to_vec(),
            beta1: 0.9,
            beta2: 0.999,
            adamw_eps: 1e-8,
            weight_decay: 0.1,
        }
    }
}

impl Config for Muon {
    const NAME: &'static str = "muon";
    const SUMMARY: &'static str = "orthogonal momentum for hidden matrices, AdamW for the rest";

    fn check(&self) -> Result<(), Invalid> {
        fraction("momentum", self.momentum)?;
        not_negative("eps", self.eps)?;
        if !(1..100).contains(&self.iterations) {
            return Err(Invalid::new("iterations", "must be in 1..100", self.iterations));
        }
        let AdamW { beta1, beta2, eps, .. } = self.rest();
        super::adam::check(beta1, beta2, eps)?;
        not_negative("weight_decay", self.weight_decay)
    }
}

impl Muon {
    /// What moves the rest.
    fn rest(&self) -> AdamW {
        let Self { beta1, beta2, adamw_eps, weight_decay, .. } = *self;
        AdamW { beta1, beta2, eps: adamw_eps, weight_decay }
    }

    /// The momentum, and what of it and the gradient makes the step.
    fn direction(&self, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) -> Vec<f32> {
        let (keep, take) = (self.momentum as f32, (1.0 - self.momentum) as f32);
        let parts = pieces::map(param, grad, state, |_, grad, state| {
            let walk = grad.iter().zip(state[0].iter_mut());
            let next = walk.map(|(g, m)| {
                *m += take * (g - *m);
                if self.nesterov { keep * *m + take * g } else { *m }
            });
            next.collect::<Vec<f32>>()
        });
        parts.concat()
    }
}

impl Rule for Muon {
    fn slots(&self, place: Place<'_>) -> Vec<Slot> {
        if self.is_whole(place) { place.slots(&["momentum_buffer"]) } else { self.rest().slots(place) }
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn is_whole(&self, place: Place<'_>) -> bool {
        place.dims.len() == 2 && !group::fits_any(&self.adamw, place.name)
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) {
        let &[rows, cols] = at.place.dims else { return self.rest().update(at, param, grad, state) };
        if !self.is_whole(at.place) {
            return self.rest().update(at, param, grad, state);
        }
        let direction = self.direction(param, grad, state);
        let norm = pieces::sum_of_squares(Grad::new(&direction)).sqrt().max(self.eps);
        let step = orthogonal(direction, [rows, cols], norm, self.iterations);
        let step = step.expect("products of matrices whose shapes fit, on the host");
        let (lr, keep) = (at.lr * self.scale.of(rows, cols), (1.0 - at.lr * at.weight_decay) as f32);
        pieces::map(param, Grad::new(&step), &mut [], |param, step, _| {
            param.iter_mut().zip(step.iter()).for_each(|(p, u)| *p = keep * *p - lr as f32 * u);
        });
    }
}

/// Newton and Schulz: singular values of `values / norm` are pushed towards 1. The smaller side is squared.
fn orthogonal(
    values: Vec<f32>,
    dims: [usize; 2],
    norm: f64,
    iterations: usize,
) -> candle_core::Result<Vec<f32>> {
    let (a, b, c) = (3.4445, -4.7750, 2.0315);
    let is_tall = dims[0] > dims[1];
    let mut x = (Tensor::from_vec(values, &dims, &Device::Cpu)? / norm)?;
    if is_tall {
        x = x.t()?.contiguous()?;
    }
    for _ in 0..iterations {
        let gram = x.matmul(&x.t()?)?;
        let weights = ((&gram * b)? + (gram.matmul(&gram)? * c)?)?;
        x = ((&x * a)? + weights.matmul(&x)?)?;
    }
    let x = if is_tall { x.t()?.contiguous()? } else { x };
    x.flatten_all()?.to_vec1()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_values_end_near_one_and_shapes_stay() {
        for dims in [[12, 5], [5, 12], [6, 6]] {
            let values: Vec<f32> =
                (0..dims[0] * dims[1]).map(|i| ((i * i * 7919) % 101) as f32 - 50.0).collect();
            let norm = values.iter().map(|v| f64::from(v * v)).sum::<f64>().sqrt();
            let x =
                Tensor::from_vec(orthogonal(values, dims, norm, 12).unwrap(), &dims, &Device::Cpu).unwrap();
            let x = if dims[0] > dims[1] { x.t().unwrap() } else { x };
            let gram = x.matmul(&x.t().unwrap()).unwrap().to_vec2::<f32>().unwrap();
            for (i, row) in gram.iter().enumerate() {
                assert!((0.4..1.6).contains(&row[i]), "{dims:?} {gram:?}");
            }
        }
    }

    #[test]
    fn hidden_matrices_are_its_own_and_the_rest_is_not() {
        let muon = Muon::default();
        let is_whole = |name, dims: &[usize]| muon.is_whole(Place { name, dims });
        assert!(is_whole("encoder.layer.0.output.dense.weight", &[4, 8]));
        assert!(!is_whole("encoder.layer.0.output.dense.bias", &[4]));
        assert!(!is_whole("embeddings.word_embeddings.weight", &[4, 8]));
        assert!(!is_whole("conv.weight", &[4, 8, 3]));
    }
}
