//! What stands in front of a norm: `dropout(x) + residual`, made again row by row instead of stored.

use candle_core::Tensor;

use super::dropout::mask;
use crate::Result;
use crate::kernels::noise::Noise;
use crate::kernels::passes;

/// A sum of two tensors of rows; without noise and residual `x` itself.
#[derive(Clone, Copy)]
pub(crate) struct Residual<'a> {
    pub(crate) x: &'a [f32],
    /// Empty: nothing is added.
    pub(crate) added: &'a [f32],
    pub(crate) noise: Option<Noise>,
    /// Width of a row.
    pub(crate) size: usize,
}

impl Residual<'_> {
    /// Writes the sum for whole rows from `first` on.
    pub(crate) fn sum(self, out: &mut [f32], first: usize) {
        for (row, out) in (first..).zip(out.chunks_exact_mut(self.size)) {
            let range = row * self.size..(row + 1) * self.size;
            match self.noise {
                Some(noise) => passes::drop_row(out, &self.x[range.clone()], noise.row(row as u64), 0),
                None => out.copy_from_slice(&self.x[range.clone()]),
            }
            if !self.added.is_empty() {
                passes::add(out, &self.added[range]);
            }
        }
    }

    /// The gradient of `x` from that of the sum, if noise makes it another.
    pub(crate) fn back(self, ds: &[f32]) -> Option<Vec<f32>> {
        let noise = self.noise?;
        let mut dx = vec![0.0; ds.len()];
        passes::rows(&mut dx, self.size, |first, out| {
            for (row, out) in (first..).zip(out.chunks_exact_mut(self.size)) {
                passes::drop_row(out, &ds[row * self.size..][..self.size], noise.row(row as u64), 0);
            }
        });
        Some(dx)
    }
}

/// The sum with candle's operations.
pub(crate) fn composite(x: &Tensor, residual: Option<&Tensor>, noise: Option<Noise>) -> Result<Tensor> {
    let rows: Vec<u64> = (0..x.dims2()?.0 as u64).collect();
    let x = match noise {
        Some(noise) => (x * mask(noise, &rows, x)?)?,
        None => x.clone(),
    };
    Ok(residual.map_or(Ok(x.clone()), |residual| &x + residual)?)
}
