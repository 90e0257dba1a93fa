//! Layer normalisation (Ba et al. 2016), with dropout and residual addition in front of it fused.

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp2, CustomOp3, D, Layout, Shape, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::{ONE, ZERO};

use super::Dropout;
use super::backend::fused;
use super::dropout::mask;
use super::residual::Residual;
use crate::kernels::gemm::each;
use crate::kernels::host::{gradient, hold, slice, stored};
use crate::kernels::noise::Noise;
use crate::kernels::{passes, scratch};
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
        let op = Fused { noise, eps: self.eps as f32, stats: OnceLock::new() };
        let x = x.contiguous()?;
        Ok(match residual {
            Some(residual) => x.apply_op3(&residual.contiguous()?, &both, op)?,
            None => x.apply_op2(&both, op)?,
        })
    }
}

struct Fused {
    noise: Option<Noise>,
    eps: f32,
    /// Mean and inverse deviation of each row.
    stats: OnceLock<Vec<f32>>,
}

/// Inputs of the operation: `x [rows, size]`, the residual or nothing, scale and shift.
type Inputs<'a> = (&'a [f32], &'a [f32], &'a [f32]);

impl Fused {
    /// What is normalised.
    fn input<'a>(&self, (x, residual, both): Inputs<'a>) -> Residual<'a> {
        Residual { x, added: residual, noise: self.noise, size: both.len() / 2 }
    }

    fn forward(&self, inputs: Inputs<'_>) -> Vec<f32> {
        let (x, _, both) = inputs;
        let size = both.len() / 2;
        let (scale, shift) = both.split_at(size);
        let (mut y, mut stats) = (vec![0.0; x.len()], vec![0.0; x.len() / size * 2]);
        let step = (1usize << 14).div_ceil(size);
        let chunks = y.chunks_mut(step * size).zip(stats.chunks_mut(2 * step)).enumerate();
        each(x.len() > 1 << 15, chunks, |(index, (y, stats))| {
            scratch::with(y.len(), |s| {
                self.input(inputs).sum(s, index * step);
                let rows = y.chunks_exact_mut(size).zip(s.chunks_exact(size));
                for ((y, s), stats) in rows.zip(stats.chunks_exact_mut(2)) {
                    let (mean, inverse) = passes::moments(s, self.eps);
                    passes::norm_row(y, s, mean, inverse, scale, shift);
                    stats.copy_from_slice(&[mean, inverse]);
                }
            });
        });
        self.stats.set(stats).ok();
        y
    }

    /// Gradients of the sum, of `x` (if noise makes it another), and of scale and shift.
    fn backward(&self, inputs: Inputs<'_>, g: &[f32]) -> (Vec<f32>, Option<Vec<f32>>, Vec<f32>) {
        let (x, _, both) = inputs;
        let size = both.len() / 2;
        let stats = self.stats.get().map_or(&[][..], Vec::as_slice);
        let input = self.input(inputs);
        scratch::with(x.len(), |s| {
            passes::rows(s, size, |row, s| input.sum(s, row));
            let s = &*s;
            let mut ds = vec![0.0; x.len()];
            passes::rows(&mut ds, size, |first, out| {
                for (row, out) in (first..).zip(out.chunks_exact_mut(size)) {
                    let at = row * size..(row + 1) * size;
                    let (mean, inverse) = (stats[2 * row], stats[2 * row + 1]);
                    passes::norm_row_back(out, &g[at.clone()], &s[at], mean, inverse, &both[..size]);
                }
            });
            let dx = input.back(&ds);
            (ds, dx, passes::norm_sums(g, s, stats, size))
        })
    }
}

fn check(x: &Layout, both: &Layout) -> candle_core::Result<()> {
    let ((_, width), (two, size)) = (x.shape().dims2()?, both.shape().dims2()?);
    if two != 2 || width != size || size == 0 {
        candle_core::bail!("layer norm of size {size} meets rows of {width}");
    }
    Ok(())
}

impl CustomOp2 for Fused {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        both: &CpuStorage,
        both_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        check(x_layout, both_layout)?;
        stored(self.forward((slice(x, x_layout)?, &[], slice(both, both_layout)?)), x_layout.shape())
    }

    fn bwd(
        &self,
        x: &Tensor,
        both: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (ds, dx, dboth) = self.backward((&hold(x)?, &[], &hold(both)?), &hold(&grad)?);
        Ok((gradient(x, || Ok(dx.unwrap_or(ds)))?, gradient(both, || Ok(dboth))?))
    }
}

impl CustomOp3 for Fused {
    fn name(&self) -> &'static str {
        "residual-layer-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        residual: &CpuStorage,
        residual_layout: &Layout,
        both: &CpuStorage,
        both_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        check(x_layout, both_layout)?;
        if x_layout.shape() != residual_layout.shape() {
            candle_core::bail!(
                "layer norm: {:?} meets a residual of {:?}",
                x_layout.shape(),
                residual_layout.shape()
            );
        }
        let inputs = (slice(x, x_layout)?, slice(residual, residual_layout)?, slice(both, both_layout)?);
        stored(self.forward(inputs), x_layout.shape())
    }

    fn bwd(
        &self,
        x: &Tensor,
        residual: &Tensor,
        both: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (ds, dx, dboth) = self.backward((&hold(x)?, &hold(residual)?, &hold(both)?), &hold(&grad)?);
        let ds = Tensor::from_vec(ds, x.shape(), x.device())?;
        let dx = match dx {
            Some(dx) => Tensor::from_vec(dx, x.shape(), x.device())?,
            None => ds.clone(),
        };
        Ok((Some(dx), Some(ds), gradient(both, || Ok(dboth))?))
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
