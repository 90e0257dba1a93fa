//! What the norms of rows share: `norm(dropout(x) + residual)` as one operation, forward and backward.

use std::sync::OnceLock;

use candle_core::{Result, Shape, Tensor};

use super::operation::{Argument, Gradients, Numbers, Operation, apply2, apply3};
use super::residual::Residual;
use crate::kernels::gemm::each;
use crate::kernels::host::{gradient, hold};
use crate::kernels::noise::Noise;
use crate::kernels::{passes, scratch};

/// What one norm does with a row.
pub(crate) trait Rows: Send + Sync + 'static {
    /// Names of the operation without and with a residual.
    const NAMES: [&'static str; 2];
    /// Parameters of each column.
    const PARAMETERS: usize;
    /// Statistics that are kept of each row.
    const KEPT: usize;

    /// Whether the shapes fit, where the layer has not seen to it.
    fn check(&self, _x: &Shape, _residual: Option<&Shape>, _parameters: &Shape) -> Result<()> {
        Ok(())
    }

    /// Normalises a row and notes its statistics.
    fn forward_row(&self, y: &mut [f32], x: &[f32], parameters: &[f32], kept: &mut [f32]);

    /// The gradient of a row.
    fn backward_row(&self, out: &mut [f32], g: &[f32], x: &[f32], parameters: &[f32], kept: &[f32]);

    /// The gradient of the parameters, from all rows.
    fn backward_parameters(&self, g: &[f32], x: &[f32], kept: &[f32], size: usize) -> Vec<f32>;
}

/// Normalises `dropout(x) + residual`.
pub(crate) fn normalise(
    rows: impl Rows,
    noise: Option<Noise>,
    x: &Tensor,
    residual: Option<&Tensor>,
    parameters: &Tensor,
) -> crate::Result<Tensor> {
    let op = Norm { rows, noise, kept: OnceLock::new() };
    match residual {
        Some(residual) => apply3(op, [x, residual, parameters]),
        None => apply2(op, [x, parameters]),
    }
}

struct Norm<R> {
    rows: R,
    noise: Option<Noise>,
    /// Statistics of each row.
    kept: OnceLock<Vec<f32>>,
}

/// Gradients of the sum, of `x` (if noise makes it another), and of the parameters.
type Backward = (Vec<f32>, Option<Vec<f32>>, Vec<f32>);

impl<R: Rows> Norm<R> {
    /// What is normalised.
    fn input<'a>(&self, x: &'a [f32], residual: &'a [f32], parameters: &[f32]) -> Residual<'a> {
        Residual { x, added: residual, noise: self.noise, size: parameters.len() / R::PARAMETERS }
    }

    fn forward(&self, input: Residual<'_>, parameters: &[f32]) -> Vec<f32> {
        let (len, size) = (input.x.len(), input.size);
        let (mut y, mut kept) = (vec![0.0; len], vec![0.0; len / size * R::KEPT]);
        let step = (1usize << 14).div_ceil(size);
        let chunks = y.chunks_mut(step * size).zip(kept.chunks_mut(step * R::KEPT)).enumerate();
        each(len > 1 << 15, chunks, |(index, (y, kept))| {
            scratch::with(y.len(), |s| {
                input.sum(s, index * step);
                let rows = y.chunks_exact_mut(size).zip(s.chunks_exact(size));
                for ((y, s), kept) in rows.zip(kept.chunks_exact_mut(R::KEPT)) {
                    self.rows.forward_row(y, s, parameters, kept);
                }
            });
        });
        self.kept.set(kept).ok();
        y
    }

    fn backward(&self, input: Residual<'_>, parameters: &[f32], g: &[f32]) -> Backward {
        let size = input.size;
        let kept = self.kept.get().map_or(&[][..], Vec::as_slice);
        scratch::with(g.len(), |s| {
            passes::rows(s, size, |first, s| input.sum(s, first));
            let s = &*s;
            let mut ds = vec![0.0; g.len()];
            passes::rows(&mut ds, size, |first, out| {
                for (row, out) in (first..).zip(out.chunks_exact_mut(size)) {
                    let at = row * size..(row + 1) * size;
                    let kept = &kept[row * R::KEPT..][..R::KEPT];
                    self.rows.backward_row(out, &g[at.clone()], &s[at], parameters, kept);
                }
            });
            let dx = input.back(&ds);
            (ds, dx, self.rows.backward_parameters(g, s, kept, size))
        })
    }
}

impl<R: Rows> Operation<2> for Norm<R> {
    const NAME: &'static str = R::NAMES[0];

    fn output(&self, [x, parameters]: [Argument<'_>; 2]) -> Numbers {
        self.rows.check(x.shape, None, parameters.shape)?;
        let input = self.input(x.values, &[], parameters.values);
        Ok((self.forward(input, parameters.values), x.shape.clone()))
    }

    fn gradients(&self, [x, parameters]: [&Tensor; 2], _: &Tensor, grad: &[f32]) -> Gradients<2> {
        let (held, numbers) = (hold(x)?, hold(parameters)?);
        let (ds, dx, d) = self.backward(self.input(&held, &[], &numbers), &numbers, grad);
        Ok([gradient(x, || Ok(dx.unwrap_or(ds)))?, gradient(parameters, || Ok(d))?])
    }
}

impl<R: Rows> Operation<3> for Norm<R> {
    const NAME: &'static str = R::NAMES[1];

    fn output(&self, [x, residual, parameters]: [Argument<'_>; 3]) -> Numbers {
        self.rows.check(x.shape, Some(residual.shape), parameters.shape)?;
        let input = self.input(x.values, residual.values, parameters.values);
        Ok((self.forward(input, parameters.values), x.shape.clone()))
    }

    fn gradients(&self, [x, residual, parameters]: [&Tensor; 3], _: &Tensor, grad: &[f32]) -> Gradients<3> {
        let (held, other, numbers) = (hold(x)?, hold(residual)?, hold(parameters)?);
        let (ds, dx, d) = self.backward(self.input(&held, &other, &numbers), &numbers, grad);
        let ds = Tensor::from_vec(ds, x.shape(), x.device())?;
        let dx = match dx {
            Some(dx) => Tensor::from_vec(dx, x.shape(), x.device())?,
            None => ds.clone(),
        };
        Ok([Some(dx), Some(ds), gradient(parameters, || Ok(d))?])
    }
}
