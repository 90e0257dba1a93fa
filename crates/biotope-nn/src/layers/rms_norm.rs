//! Root mean square normalisation (Zhang and Sennrich 2019), with dropout and residual addition in front of it fused.

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp2, CustomOp3, D, Layout, Shape, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::ONE;

use super::Dropout;
use super::backend::fused;
use super::dropout::mask;
use super::residual::Residual;
use crate::error::shape;
use crate::kernels::gemm::each;
use crate::kernels::host::{gradient, hold, slice, stored};
use crate::kernels::noise::Noise;
use crate::kernels::{passes, rms, scratch};
use crate::{Mode, Result};

/// Divides each row by its root mean square, then scales; parameter `weight [size]`. No mean is taken and nothing is
/// shifted, which spares a layer norm's second pass.
///
/// ```
/// use biotope_core::Seed;
/// use biotope_nn::{Mode, Params, layers::RmsNorm};
/// use candle_core::{Device, Tensor};
///
/// let params = Params::new(Seed(1), &Device::Cpu);
/// let norm = RmsNorm::new(2, 0.0, &params.vb())?;
/// // The root of the mean of 1 and 49 is 5.
/// let y = norm.forward(&Tensor::new(&[[1f32, 7.0]], &Device::Cpu)?, Mode::Eval)?.to_vec2::<f32>()?;
/// assert!((y[0][0] - 0.2).abs() < 1e-6 && (y[0][1] - 1.4).abs() < 1e-6);
/// # Ok::<(), biotope_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RmsNorm {
    weight: Tensor,
    eps: f64,
}

impl RmsNorm {
    /// Starts as scale 1.
    pub fn new(size: usize, eps: f64, vb: &VarBuilder) -> Result<Self> {
        Ok(Self { weight: vb.get_with_hints(size, "weight", ONE)?, eps })
    }

    /// Normalises `x [rows, size]`.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        self.run(x, None, None, mode)
    }

    /// `norm(dropout(x) + residual)`.
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
        let weight = mode.param(&self.weight);
        let (rows, size) = (x.dims2()?.0, weight.dims1()?);
        for (what, dims) in [("rms norm", Some(x)), ("residual of a rms norm", residual)]
            .into_iter()
            .filter_map(|(what, tensor)| Some((what, tensor?.dims())))
        {
            if dims != [rows, size] || size == 0 {
                return Err(shape(what, format!("[{rows}, {size}]"), format!("{dims:?}")));
            }
        }
        let all = [Some(x), residual, Some(&weight)];
        if !fused(&all.into_iter().flatten().collect::<Vec<_>>()) {
            return composite(x, residual, noise, &weight, self.eps);
        }
        let op = Fused { noise, eps: self.eps as f32, inverses: OnceLock::new() };
        let (x, weight) = (x.contiguous()?, weight.contiguous()?);
        Ok(match residual {
            Some(residual) => x.apply_op3(&residual.contiguous()?, &weight, op)?,
            None => x.apply_op2(&weight, op)?,
        })
    }
}

struct Fused {
    noise: Option<Noise>,
    eps: f32,
    /// One over the root mean square of each row.
    inverses: OnceLock<Vec<f32>>,
}

impl Fused {
    fn input<'a>(&self, x: &'a [f32], residual: &'a [f32], scale: &[f32]) -> Residual<'a> {
        Residual { x, added: residual, noise: self.noise, size: scale.len() }
    }

    fn forward(&self, input: Residual<'_>, scale: &[f32]) -> Vec<f32> {
        let (len, size) = (input.x.len(), input.size);
        let (mut y, mut inverses) = (vec![0.0; len], vec![0.0; len / size]);
        let step = (1usize << 14).div_ceil(size);
        let chunks = y.chunks_mut(step * size).zip(inverses.chunks_mut(step)).enumerate();
        each(len > 1 << 15, chunks, |(index, (y, inverses))| {
            scratch::with(y.len(), |s| {
                input.sum(s, index * step);
                let rows = y.chunks_exact_mut(size).zip(s.chunks_exact(size));
                for ((y, s), inverse) in rows.zip(inverses) {
                    *inverse = rms::inverse_rms(s, self.eps);
                    rms::rms_row(y, s, *inverse, scale);
                }
            });
        });
        self.inverses.set(inverses).ok();
        y
    }

    /// Gradients of the sum, of `x` (if noise makes it another), and of the scale.
    fn backward(
        &self,
        input: Residual<'_>,
        scale: &[f32],
        g: &[f32],
    ) -> (Vec<f32>, Option<Vec<f32>>, Vec<f32>) {
        let size = input.size;
        let inverses = self.inverses.get().map_or(&[][..], Vec::as_slice);
        scratch::with(g.len(), |s| {
            passes::rows(s, size, |first, s| input.sum(s, first));
            let s = &*s;
            let mut ds = vec![0.0; g.len()];
            passes::rows(&mut ds, size, |first, out| {
                for (row, out) in (first..).zip(out.chunks_exact_mut(size)) {
                    let at = row * size..(row + 1) * size;
                    rms::rms_row_back(out, &g[at.clone()], &s[at], inverses[row], scale);
                }
            });
            let dx = input.back(&ds);
            (ds, dx, scale_sums(g, s, inverses, size))
        })
    }
}

/// Gradient of the scale: `Σᵢ gᵢ sᵢ / rmsᵢ`, rows in order, columns in parallel.
fn scale_sums(g: &[f32], s: &[f32], inverses: &[f32], size: usize) -> Vec<f32> {
    const WIDTH: usize = 64;
    let mut out = vec![0.0; size];
    each(g.len() > 1 << 15, out.chunks_mut(WIDTH).enumerate(), |(index, out)| {
        for (row, inverse) in inverses.iter().enumerate() {
            let at = row * size + index * WIDTH;
            let len = out.len();
            rms::rms_scale_back(out, &g[at..][..len], &s[at..][..len], *inverse);
        }
    });
    out
}

impl CustomOp2 for Fused {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        scale: &CpuStorage,
        scale_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let scale = slice(scale, scale_layout)?;
        let input = self.input(slice(x, x_layout)?, &[], scale);
        stored(self.forward(input, scale), x_layout.shape())
    }

    fn bwd(
        &self,
        x: &Tensor,
        scale: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (held, weight) = (hold(x)?, hold(scale)?);
        let (ds, dx, dscale) = self.backward(self.input(&held, &[], &weight), &weight, &hold(&grad)?);
        Ok((gradient(x, || Ok(dx.unwrap_or(ds)))?, gradient(scale, || Ok(dscale))?))
    }
}

impl CustomOp3 for Fused {
    fn name(&self) -> &'static str {
        "residual-rms-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        residual: &CpuStorage,
        residual_layout: &Layout,
        scale: &CpuStorage,
        scale_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let scale = slice(scale, scale_layout)?;
        let input = self.input(slice(x, x_layout)?, slice(residual, residual_layout)?, scale);
        stored(self.forward(input, scale), x_layout.shape())
    }

    fn bwd(
        &self,
        x: &Tensor,
        residual: &Tensor,
        scale: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (held, other, weight) = (hold(x)?, hold(residual)?, hold(scale)?);
        let (ds, dx, dscale) = self.backward(self.input(&held, &other, &weight), &weight, &hold(&grad)?);
        let ds = Tensor::from_vec(ds, x.shape(), x.device())?;
        let dx = match dx {
            Some(dx) => Tensor::from_vec(dx, x.shape(), x.device())?,
            None => ds.clone(),
        };
        Ok((Some(dx), Some(ds), gradient(scale, || Ok(dscale))?))
    }
}

fn composite(
    x: &Tensor,
    residual: Option<&Tensor>,
    noise: Option<Noise>,
    weight: &Tensor,
    eps: f64,
) -> Result<Tensor> {
    let rows: Vec<u64> = (0..x.dims2()?.0 as u64).collect();
    let x = match noise {
        Some(noise) => (x * mask(noise, &rows, x)?)?,
        None => x.clone(),
    };
    let x = residual.map_or(Ok(x.clone()), |residual| &x + residual)?;
    let root = (x.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?;
    Ok(x.broadcast_div(&root)?.broadcast_mul(weight)?)
}
