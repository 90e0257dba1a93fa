//! Softmax along the last axis, with a backward pass.

use candle_core::{CpuStorage, CustomOp1, D, Layout, Shape, Tensor};

use super::backend::fused;
use crate::Result;
use crate::error::shape;
use crate::kernels::host::{gradient, hold, slice, stored};
use crate::kernels::passes;

/// `e^xⱼ / Σₖ e^xₖ` along the last axis of `x [.., width]`.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    if x.rank() == 0 || x.dim(D::Minus1)? == 0 {
        return Err(shape("softmax", "[.., at least 1]", format!("{:?}", x.dims())));
    }
    if fused(&[x]) {
        return Ok(x.contiguous()?.apply_op1(Fused)?);
    }
    if x.elem_count() == 0 {
        return Ok(x.clone());
    }
    let exps = x.broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?.exp()?;
    Ok(exps.broadcast_div(&exps.sum_keepdim(D::Minus1)?)?)
}

struct Fused;

/// Runs `work` on a copy of each row.
fn over_rows(x: &[f32], width: usize, work: impl Fn(usize, &mut [f32]) + Sync + Send) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    passes::rows(&mut out, width, |first, out| {
        out.copy_from_slice(&x[first * width..][..out.len()]);
        for (row, out) in (first..).zip(out.chunks_exact_mut(width)) {
            work(row, out);
        }
    });
    out
}

impl CustomOp1 for Fused {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let width = layout.shape().dim(D::Minus1)?;
        let y = over_rows(slice(x, layout)?, width, |_, row| {
            passes::softmax(row, 1.0);
        });
        stored(y, layout.shape())
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let (width, grad) = (x.dim(D::Minus1)?, grad.contiguous()?);
        gradient(x, || {
            let y = hold(y)?;
            Ok(over_rows(&hold(&grad)?, width, |row, g| {
                passes::softmax_back(g, &y[row * width..][..width], 1.0);
            }))
        })
    }
}
