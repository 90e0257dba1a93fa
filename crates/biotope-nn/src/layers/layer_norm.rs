//! Layer normalisation (Ba et al. 2016), with dropout and residual addition in front of it fused.

use candle_core::{D, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::{ONE, ZERO};

use super::Dropout;
use super::dropout::mask;
use crate::kernels::noise::Noise;
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
        composite(x, residual, noise, &weight, &bias, self.eps)
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
    let rows: Vec<u64> = (0..x.dims2()?.0 as u64).collect();
    let x = match noise {
        Some(noise) => (x * mask(noise, &rows, x)?)?,
        None => x.clone(),
    };
    let x = residual.map_or(Ok(x.clone()), |residual| &x + residual)?;
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?;
    Ok(centred.broadcast_div(&deviation)?.broadcast_mul(weight)?.broadcast_add(bias)?)
}
