//! Models that only answer: no graph, weights packed once, buffers used again.

use candle_core::{Device, Tensor};

use crate::{Error, Input, Output, Result};

/// The features of a batch on the host, without tensors.
#[derive(Clone, Copy, Debug)]
pub enum Packed<'a> {
    /// Token sequences: sequence `i` is `tokens[offsets[i]..offsets[i + 1]]`.
    Tokens {
        /// Token ids.
        tokens: &'a [u32],
        /// Borders, `batch + 1` ascending numbers from 0.
        offsets: &'a [usize],
    },
    /// Sparse bags: bag `i` is `offsets[i]..offsets[i + 1]` of rows and weights.
    Bag {
        /// Row ids.
        rows: &'a [u32],
        /// Weight of each row.
        weights: &'a [f32],
        /// Borders, `batch + 1` ascending numbers from 0.
        offsets: &'a [usize],
    },
}

impl<'a> Packed<'a> {
    /// Number of examples.
    pub fn len(&self) -> usize {
        let (Self::Tokens { offsets, .. } | Self::Bag { offsets, .. }) = self;
        offsets.len().saturating_sub(1)
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Token ids and borders, or an error that says what came instead.
    pub fn tokens(self) -> Result<(&'a [u32], &'a [usize])> {
        match self {
            Self::Tokens { tokens, offsets } => Ok((tokens, offsets)),
            Self::Bag { .. } => Err(Error::Input { expected: "tokens", got: "bags" }),
        }
    }

    /// Rows, weights and borders, or an error that says what came instead.
    pub fn bag(self) -> Result<(&'a [u32], &'a [f32], &'a [usize])> {
        match self {
            Self::Bag { rows, weights, offsets } => Ok((rows, weights, offsets)),
            Self::Tokens { .. } => Err(Error::Input { expected: "bags", got: "tokens" }),
        }
    }
}

/// A trained model without graph, made by [`crate::Model::freeze`].
///
/// After a first call of the same size, a call allocates nothing on the heap. A row's logits do not depend on the
/// other rows of the batch, nor on the number of threads.
pub trait Frozen: Send + Sync {
    /// Logits per example.
    fn outputs(&self) -> usize;

    /// Writes logits `[batch, outputs]`, row after row. Ids beyond the table and slices that do not fit are errors.
    fn run(&self, input: Packed<'_>, logits: &mut [f32]) -> Result<()>;

    /// Logits `[batch, outputs]` of a collated batch.
    fn answer(&self, input: &Input) -> Result<Vec<f32>> {
        let batch = input.offsets().len().saturating_sub(1);
        let mut logits = vec![0.0; batch * self.outputs()];
        match input {
            Input::Tokens { tokens, offsets } => {
                let tokens = tokens.to_device(&Device::Cpu)?.to_vec1::<u32>()?;
                self.run(Packed::Tokens { tokens: &tokens, offsets }, &mut logits)?;
            }
            Input::Bag { rows, weights, offsets } => {
                self.run(Packed::Bag { rows, weights, offsets }, &mut logits)?;
            }
        }
        Ok(logits)
    }
    /// As [`Frozen::answer`], as a model's output.
    fn output(&self, input: &Input) -> Result<Output> {
        let logits = self.answer(input)?;
        let shape = (logits.len() / self.outputs().max(1), self.outputs());
        Ok(Output::dense(Tensor::from_vec(logits, shape, &Device::Cpu)?))
    }
}
