//! One-dimensional convolution over packed sequences (Kim 2014). Windows never cross a sequence's border;
//! a sequence shorter than the window is continued with zeros.

use std::sync::OnceLock;

use candle_core::Tensor;
use candle_nn::VarBuilder;

use super::Activation;
use super::backend::fused;
use super::init::uniform;
use super::linear::linear;
use super::operation::{Argument, Gradients, Numbers, Operation, apply3};
use super::pooling::{self, weighted_sum};
use crate::error::shape;
use crate::kernels::gemm::{Mat, each, product};
use crate::kernels::host::{gradient, hold};
use crate::kernels::{passes, scratch};
use crate::{Mode, Result};

/// Filters over windows of tokens, activation fused; parameters `weight [filters, window, inputs]` (`PyTorch` keeps the
/// last two axes the other way round), `bias [filters]`.
#[derive(Clone, Debug)]
pub struct Conv1d {
    weight: Tensor,
    bias: Tensor,
    window: usize,
    activation: Activation,
}

impl Conv1d {
    /// Initialised as `PyTorch` does: both uniform in ±1/√(window · inputs).
    pub fn new(
        inputs: usize,
        filters: usize,
        window: usize,
        activation: Activation,
        vb: &VarBuilder,
    ) -> Result<Self> {
        let init = uniform(window * inputs);
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
        let (weight, bias) = (mode.param(&self.weight), mode.param(&self.bias));
        // A maximum may be taken before a monotonous activation.
        if !self.activation.is_monotonous() || !fused(&[x, &weight, &bias]) {
            let (features, borders) = self.forward(x, offsets, mode)?;
            return pooling::max(&features, &borders);
        }
        if x.dims2()? != (offsets.last().copied().unwrap_or(0), self.weight.dims3()?.2) {
            return Err(shape(
                "convolution",
                format!("[{:?}, inputs]", offsets.last()),
                format!("{:?}", x.dims()),
            ));
        }
        let op = Fused { offsets: offsets.to_vec(), window: self.window, winners: OnceLock::new() };
        self.activation.apply(&apply3(op, [x, &weight, &bias])?)
    }
}

/// Linear maximum over the windows of each sequence: `[batch, filters]`.
struct Fused {
    offsets: Vec<usize>,
    window: usize,
    /// The token at which each winning window begins, the first of equals.
    winners: OnceLock<Vec<u32>>,
}

impl Fused {
    /// Number of windows of a sequence of `len` tokens.
    fn count(&self, len: usize) -> usize {
        (len + 1).saturating_sub(self.window).max(1)
    }

    fn forward(&self, x: &[f32], weight: &[f32], bias: &[f32], inputs: usize) -> Vec<f32> {
        let (filters, size) = (bias.len(), self.window * inputs);
        let batch = self.offsets.len().saturating_sub(1);
        let weight = Mat::new(weight, [filters, size]).t();
        let (mut out, mut winners) = (vec![0.0; batch * filters], vec![0; batch * filters]);
        // Windows are overlapping rows of x, so nothing is unfolded. Those across borders are computed and not read.
        let all = (x.len() / inputs.max(1) + 1).saturating_sub(self.window);
        scratch::with(all * filters, |features| {
            product(features, Mat::strided(x, [all, size], inputs), weight);
            let rows = out.chunks_exact_mut(filters).zip(winners.chunks_exact_mut(filters));
            for ((out, winners), pair) in rows.zip(self.offsets.windows(2)) {
                let len = pair[1] - pair[0];
                if len < self.window {
                    winners.fill(pair[0] as u32);
                    Self::short(out, &x[pair[0] * inputs..pair[1] * inputs], weight, size);
                } else {
                    let windows = pair[0]..pair[0] + self.count(len);
                    maxima(out, winners, features, windows);
                }
                passes::add(out, bias);
            }
        });
        self.winners.set(winners).ok();
        out
    }

    /// A sequence that is shorter than the window, continued with zeros.
    fn short(out: &mut [f32], x: &[f32], weight: Mat<'_>, size: usize) {
        scratch::with(size, |padded| {
            padded.fill(0.0);
            padded[..x.len()].copy_from_slice(x);
            product(out, Mat::new(padded, [1, size]), weight);
        });
    }

    /// The values under a winning window.
    fn seen<'a>(&self, x: &'a [f32], winner: u32, end: usize, inputs: usize) -> &'a [f32] {
        let start = winner as usize;
        &x[start * inputs..(start + self.window).min(end) * inputs]
    }

    fn back_weight(&self, x: &[f32], grad: &[f32], filters: usize, inputs: usize) -> Vec<f32> {
        let (size, winners) = (self.window * inputs, self.winners.get().map_or(&[][..], Vec::as_slice));
        let mut out = vec![0.0; filters * size];
        passes::rows(&mut out, size, |first, out| {
            for (filter, out) in (first..).zip(out.chunks_exact_mut(size)) {
                for (index, pair) in self.offsets.windows(2).enumerate() {
                    let at = index * filters + filter;
                    let seen = self.seen(x, winners[at], pair[1], inputs);
                    passes::axpy(&mut out[..seen.len()], grad[at], seen);
                }
            }
        });
        out
    }

    fn back_input(&self, weight: &[f32], grad: &[f32], filters: usize, inputs: usize) -> Vec<f32> {
        let (size, winners) = (self.window * inputs, self.winners.get().map_or(&[][..], Vec::as_slice));
        let mut out = vec![0.0; self.offsets.last().copied().unwrap_or(0) * inputs];
        let mut sequences = Vec::new();
        let mut rest = &mut out[..];
        for (index, pair) in self.offsets.windows(2).enumerate() {
            let (part, after) = rest.split_at_mut((pair[1] - pair[0]) * inputs);
            sequences.push((index, pair[0], part));
            rest = after;
        }
        each(true, sequences.into_iter(), |(index, start, out)| {
            for filter in 0..filters {
                let at = index * filters + filter;
                let from = (winners[at] as usize - start) * inputs;
                let len = size.min(out.len() - from);
                passes::axpy(&mut out[from..from + len], grad[at], &weight[filter * size..][..len]);
            }
        });
        out
    }
}

/// Largest feature of each filter over some windows.
fn maxima(out: &mut [f32], winners: &mut [u32], features: &[f32], windows: std::ops::Range<usize>) {
    let filters = out.len();
    out.copy_from_slice(&features[windows.start * filters..][..filters]);
    winners.fill(windows.start as u32);
    for window in windows.skip(1) {
        let row = &features[window * filters..][..filters];
        for ((out, winner), x) in out.iter_mut().zip(winners.iter_mut()).zip(row) {
            let better = *x > *out;
            *out = if better { *x } else { *out };
            *winner = if better { window as u32 } else { *winner };
        }
    }
}

impl Operation<3> for Fused {
    const NAME: &'static str = "convolution-max";

    fn output(&self, [x, weight, bias]: [Argument<'_>; 3]) -> Numbers {
        let (filters, _, inputs) = weight.shape.dims3()?;
        let out = self.forward(x.values, weight.values, bias.values, inputs);
        Ok((out, (self.offsets.len().saturating_sub(1), filters).into()))
    }

    fn gradients(&self, [x, weight, bias]: [&Tensor; 3], _: &Tensor, grad: &[f32]) -> Gradients<3> {
        let (filters, _, inputs) = weight.dims3()?;
        Ok([
            gradient(x, || Ok(self.back_input(&hold(weight)?, grad, filters, inputs)))?,
            gradient(weight, || Ok(self.back_weight(&hold(x)?, grad, filters, inputs)))?,
            gradient(bias, || Ok(passes::column_sums(grad, filters)))?,
        ])
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
