//! Dropout (Srivastava et al. 2014), inverted: kept elements are scaled in training, nothing happens in evaluation.

use candle_core::Tensor;

use super::backend::fused;
use super::operation::{Argument, Gradients, Numbers, Operation, apply1};
use crate::kernels::host::gradient;
use crate::kernels::noise::Noise;
use crate::kernels::passes;
use crate::{Mode, Result};

/// Dropout with a name: masks are drawn from the step's seed, the name and the element's position.
#[derive(Clone, Debug)]
pub struct Dropout {
    rate: f64,
    name: String,
}

impl Dropout {
    /// Drops a share `rate` in `0..=1`. Give each layer its own name (the prefix of its parameters will do).
    pub fn new(rate: f64, name: impl Into<String>) -> Self {
        Self { rate, name: name.into() }
    }

    pub(crate) fn noise(&self, mode: Mode) -> Option<Noise> {
        Noise::new(mode.seed()?, &self.name, self.rate)
    }

    /// Drops elements of `x [rows, width]`.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let rows: Vec<u64> = (0..x.dims2()?.0 as u64).collect();
        self.masked(x, &rows, mode)
    }

    /// Drops the same columns in all rows of a sequence: what Keras' LSTM does to its inputs.
    pub fn forward_per_sequence(&self, x: &Tensor, offsets: &[usize], mode: Mode) -> Result<Tensor> {
        self.masked(x, &super::pooling::owners(offsets), mode)
    }

    fn masked(&self, x: &Tensor, rows: &[u64], mode: Mode) -> Result<Tensor> {
        match self.noise(mode) {
            None => Ok(x.clone()),
            Some(noise) if fused(&[x]) => apply1(Fused { noise, rows: rows.to_vec() }, x),
            Some(noise) => Ok((x * mask(noise, rows, x)?)?),
        }
    }
}

struct Fused {
    noise: Noise,
    /// The noise row of each row.
    rows: Vec<u64>,
}

impl Fused {
    fn apply(&self, x: &[f32]) -> Vec<f32> {
        let width = x.len() / self.rows.len().max(1);
        let mut out = vec![0.0; x.len()];
        passes::rows(&mut out, width, |first, out| {
            for (index, out) in out.chunks_exact_mut(width).enumerate() {
                let row = first + index;
                passes::drop_row(out, &x[row * width..][..width], self.noise.row(self.rows[row]), 0);
            }
        });
        out
    }
}

impl Operation<1> for Fused {
    const NAME: &'static str = "dropout";

    fn output(&self, [x]: [Argument<'_>; 1]) -> Numbers {
        if x.shape.dims2()?.0 != self.rows.len() {
            candle_core::bail!("dropout: {} rows of noise for {:?}", self.rows.len(), x.shape);
        }
        Ok((self.apply(x.values), x.shape.clone()))
    }

    fn gradients(&self, [x]: [&Tensor; 1], _: &Tensor, grad: &[f32]) -> Gradients<1> {
        Ok([gradient(x, || Ok(self.apply(grad)))?])
    }
}

/// The mask as a tensor: for composites.
pub(crate) fn mask(noise: Noise, rows: &[u64], like: &Tensor) -> Result<Tensor> {
    let width = like.dims2()?.1;
    let values = rows.iter().flat_map(|row| {
        let noise = noise.row(*row);
        (0..width as u32).map(move |column| noise.factor(column))
    });
    let mask = Tensor::from_vec(values.collect(), (rows.len(), width), like.device())?;
    Ok(mask.to_dtype(like.dtype())?)
}
