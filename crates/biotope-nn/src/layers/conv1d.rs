//! One-dimensional convolution over packed sequences (Kim 2014). Windows never cross a sequence's border;
//! a sequence shorter than the window is continued with zeros.

use candle_core::Tensor;
use candle_nn::VarBuilder;
use candle_nn::init::Init;

use super::linear::linear;
use super::pooling;
use super::{Activation, pooling::weighted_sum};
use crate::{Mode, Result};

/// Filters over windows of tokens, activation fused; parameters `weight [filters, window, inputs]` (PyTorch keeps the
/// last two axes the other way round), `bias [filters]`.
#[derive(Clone, Debug)]
pub struct Conv1d {
    weight: Tensor,
    bias: Tensor,
    window: usize,
    activation: Activation,
}

impl Conv1d {
    /// Initialised as PyTorch does: both uniform in ±1/√(window · inputs).
    pub fn new(
        inputs: usize,
        filters: usize,
        window: usize,
        activation: Activation,
        vb: &VarBuilder,
    ) -> Result<Self> {
        let edge = 1.0 / ((window * inputs).max(1) as f64).sqrt();
        let init = Init::Uniform { lo: -edge, up: edge };
        let weight = vb.get_with_hints((filters, window, inputs), "weight", init)?;
        let bias = vb.get_with_hints(filters, "bias", init)?;
        Ok(Self { weight, bias, window, activation })
    }

    /// `[tokens, inputs]` to `[windows, filters]`, and the borders of each sequence's windows.
    pub fn forward(&self, x: &Tensor, offsets: &[usize], mode: Mode) -> Result<(Tensor, Vec<usize>)> {
        let (filters, window, inputs) = self.weight.dims3()?;
        let (ids, borders) = windows(offsets, self.window);
        let unfolded = unfold(x, &ids)?.reshape((ids.len() / window, window * inputs))?;
        let weight = mode.param(&self.weight).reshape((filters, window * inputs))?;
        Ok((linear(&unfolded, &weight, &mode.param(&self.bias), self.activation)?, borders))
    }

    /// Convolution and maximum over time: `[tokens, inputs]` to `[batch, filters]`.
    pub fn max_over_time(&self, x: &Tensor, offsets: &[usize], mode: Mode) -> Result<Tensor> {
        let (features, borders) = self.forward(x, offsets, mode)?;
        pooling::max(&features, &borders)
    }
}

/// The token of each place of each window (`None`: a zero), and the borders of each sequence's windows.
fn windows(offsets: &[usize], window: usize) -> (Vec<Option<u32>>, Vec<usize>) {
    let (mut ids, mut borders) = (Vec::new(), vec![0]);
    for pair in offsets.windows(2) {
        let count = (pair[1] - pair[0] + 1).saturating_sub(window).max(1);
        for start in pair[0]..pair[0] + count {
            ids.extend((start..start + window).map(|token| (token < pair[1]).then_some(token as u32)));
        }
        borders.push(borders.last().copied().unwrap_or(0) + count);
    }
    (ids, borders)
}

fn unfold(x: &Tensor, places: &[Option<u32>]) -> Result<Tensor> {
    let (mut ids, mut borders) = (Vec::new(), vec![0]);
    for place in places {
        ids.extend(place);
        borders.push(ids.len());
    }
    weighted_sum(x, &ids, &vec![1.0; ids.len()], &borders)
}
