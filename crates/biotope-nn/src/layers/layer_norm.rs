//! Layer normalisation (Ba et al. 2016), with dropout and residual addition in front of it fused.

use candle_core::{D, Shape, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::{ONE, ZERO};

use super::Dropout;
use super::backend::fused;
use super::norm::{Rows, normalise};
use super::residual;
use crate::kernels::noise::Noise;
use crate::kernels::passes;
use crate::{Mode, Result};

/// Normalises each row to mean 0 and variance 1, then scales and shifts; parameters `weight [size]`, `bias [size]`.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

impl LayerNorm {
    /// Starts as scale 1, shift 0.
    pub fn new(size: usize, eps: f64, vb: &VarBuilder) -> Result<Self> {
        let weight = vb.get_with_hints(size, "weight", ONE)?;
        let bias = vb.get_with_hints(size, "bias", ZERO)?;
        Ok(Self { weight, bias, eps })
    }

    /// Scale and shift.
    pub(crate) fn parts(&self) -> [&Tensor; 2] {
        [&self.weight, &self.bias]
    }

    /// Normalises `x [rows, size]`.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.run(x, None, None, mode)
    }

    /// `norm(dropout(x) + residual)`: the end of a post-norm transformer block.
    pub fn forward_residual(
        &self,
        x: &Tensor,
        residual: &Tensor,
        dropout: &Dropout,
        mode: Mode,
    ) -> Result<Tensor> {
        self.run(x, Some(residual), dropout.noise(mode), mode)
    }

    fn run(&self, x: &Tensor, residual: Option<&Tensor>, noise: Option<Noise>, mode: Mode) -> Result<Tensor> {
        let (weight, bias) = (mode.param(&self.weight), mode.param(&self.bias));
        let all = [Some(x), residual, Some(&weight), Some(&bias)];
        if !fused(&all.into_iter().flatten().collect::<Vec<_>>()) {
            return composite(x, residual, noise, &weight, &bias, self.eps);
        }
        let both = Tensor::stack(&[weight, bias], 0)?; // [2, size]: an operation takes three tensors
        normalise(Fused { eps: self.eps as f32 }, noise, x, residual, &both)
    }
}

/// Scale and shift are the two halves of the parameters; mean and inverse deviation of each row are kept.
struct Fused {
    eps: f32,
}

impl Rows for Fused {
    const NAMES: [&'static str; 2] = ["layer-norm", "residual-layer-norm"];
    const PARAMETERS: usize = 2;
    const KEPT: usize = 2;

    fn check(&self, x: &Shape, residual: Option<&Shape>, both: &Shape) -> candle_core::Result<()> {
        let ((_, width), (two, size)) = (x.dims2()?, both.dims2()?);
        if two != 2 || width != size || size == 0 {
            candle_core::bail!("layer norm of size {size} meets rows of {width}");
        }
        match residual {
            Some(residual) if residual != x => {
                candle_core::bail!("layer norm: {x:?} meets a residual of {residual:?}")
            }
            _ => Ok(()),
        }
    }

    fn forward_row(&self, y: &mut [f32], x: &[f32], both: &[f32], kept: &mut [f32]) {
        let (scale, shift) = both.split_at(x.len());
        let (mean, inverse) = passes::moments(x, self.eps);
        passes::norm_row(y, x, mean, inverse, scale, shift);
        kept.copy_from_slice(&[mean, inverse]);
    }

    fn backward_row(&self, out: &mut [f32], g: &[f32], x: &[f32], both: &[f32], kept: &[f32]) {
        passes::norm_row_back(out, g, x, kept[0], kept[1], &both[..x.len()]);
    }

    fn backward_parameters(&self, g: &[f32], x: &[f32], kept: &[f32], size: usize) -> Vec<f32> {
        passes::norm_sums(g, x, kept, size)
    }
}

fn composite(
    x: &Tensor,
    residual: Option<&Tensor>,
    noise: Option<Noise>,
    weight: &Tensor,
    bias: &Tensor,
    eps: f64,
) -> Result<Tensor> {
    let x = residual::composite(x, residual, noise)?;
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?;
    Ok(centred.broadcast_div(&deviation)?.broadcast_mul(weight)?.broadcast_add(bias)?)
}
