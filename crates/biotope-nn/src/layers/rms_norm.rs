//! Root mean square normalisation (Zhang and Sennrich 2019), with dropout and residual addition in front of it fused.

use candle_core::{D, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::ONE;

use super::Dropout;
use super::backend::fused;
use super::norm::{Rows, normalise};
use super::residual;
use crate::error::shape;
use crate::kernels::gemm::each;
use crate::kernels::noise::Noise;
use crate::kernels::rms;
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
        normalise(Fused { eps: self.eps as f32 }, noise, x, residual, &weight)
    }
}

/// One over the root mean square of each row is kept.
struct Fused {
    eps: f32,
}

impl Rows for Fused {
    const NAMES: [&'static str; 2] = ["rms-norm", "residual-rms-norm"];
    const PARAMETERS: usize = 1;
    const KEPT: usize = 1;

    fn forward_row(&self, y: &mut [f32], x: &[f32], scale: &[f32], kept: &mut [f32]) {
        kept[0] = rms::inverse_rms(x, self.eps);
        rms::rms_row(y, x, kept[0], scale);
    }

    fn backward_row(&self, out: &mut [f32], g: &[f32], x: &[f32], scale: &[f32], kept: &[f32]) {
        rms::rms_row_back(out, g, x, kept[0], scale);
    }

    fn backward_parameters(&self, g: &[f32], x: &[f32], kept: &[f32], size: usize) -> Vec<f32> {
        scale_sums(g, x, kept, size)
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

fn composite(
    x: &Tensor,
    residual: Option<&Tensor>,
    noise: Option<Noise>,
    weight: &Tensor,
    eps: f64,
) -> Result<Tensor> {
    let x = residual::composite(x, residual, noise)?;
    let root = (x.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?;
    Ok(x.broadcast_div(&root)?.broadcast_mul(weight)?)
}
