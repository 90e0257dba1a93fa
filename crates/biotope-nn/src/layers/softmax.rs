//! Softmax along the last axis, with a backward pass.

use candle_core::{D, Tensor};

use super::backend::fused;
use super::operation::{Argument, Gradients, Numbers, Operation, apply1};
use crate::Result;
use crate::error::shape;
use crate::kernels::host::{gradient, hold};
use crate::kernels::passes;

/// `e^xⱼ / Σₖ e^xₖ` along the last axis of `x [.., width]`.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    if x.rank() == 0 || x.dim(D::Minus1)? == 0 {
        return Err(shape("softmax", "[.., at least 1]", format!("{:?}", x.dims())));
    }
    if fused(&[x]) {
        return apply1(Fused, x);
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

impl Operation<1> for Fused {
    const NAME: &'static str = "softmax";

    fn output(&self, [x]: [Argument<'_>; 1]) -> Numbers {
        let y = over_rows(x.values, x.shape.dim(D::Minus1)?, |_, row| {
            passes::softmax(row, 1.0);
        });
        Ok((y, x.shape.clone()))
    }

    fn gradients(&self, [x]: [&Tensor; 1], y: &Tensor, grad: &[f32]) -> Gradients<1> {
        let width = x.dim(D::Minus1)?;
        let dx = gradient(x, || {
            let y = hold(y)?;
            Ok(over_rows(grad, width, |row, g| {
                passes::softmax_back(g, &y[row * width..][..width], 1.0);
            }))
        })?;
        Ok([dx])
    }
}
