//! What recurrent layers share: directions and their weights, and packed sequences that go through time.

use candle_core::Tensor;
use candle_nn::VarBuilder;

use super::init::uniform;
use super::linear::linear;
use super::{Activation, Dropout};
use crate::kernels::gemm::{Mat, product};
use crate::kernels::host::gradient;
use crate::kernels::noise::Noise;
use crate::kernels::passes;
use crate::{Mode, Result};

/// One direction under `forward`, or two, of which the one under `backward` reads from the end.
pub(crate) fn directions<T>(
    bidirectional: bool,
    vb: &VarBuilder,
    make: impl Fn(&VarBuilder, bool) -> Result<T>,
) -> Result<Vec<T>> {
    let names = if bidirectional { &["forward", "backward"][..] } else { &["forward"] };
    names.iter().enumerate().map(|(index, name)| make(&vb.pp(name), index == 1)).collect()
}

/// Dropout of a direction's inputs and of its states.
pub(crate) fn dropouts([inputs, states]: [f64; 2], vb: &VarBuilder) -> [Dropout; 2] {
    let dropout = |rate, name| Dropout::new(rate, format!("{}.{name}", vb.prefix()));
    [dropout(inputs, "dropout"), dropout(states, "recurrent")]
}

/// What every direction has; parameters `weight_ih [gates · hidden, inputs]`, `weight_hh [gates · hidden, hidden]`.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    input: Tensor,
    state: Tensor,
    reverse: bool,
    dropouts: [Dropout; 2],
}

impl Weights {
    /// Uniform in ±1/√hidden.
    pub(super) fn new(
        [gates, inputs, hidden]: [usize; 3],
        dropout: [f64; 2],
        vb: &VarBuilder,
        reverse: bool,
    ) -> Result<Self> {
        Ok(Self {
            input: vb.get_with_hints((gates * hidden, inputs), "weight_ih", uniform(hidden))?,
            state: vb.get_with_hints((gates * hidden, hidden), "weight_hh", uniform(hidden))?,
            reverse,
            dropouts: dropouts(dropout, vb),
        })
    }

    /// Width of a token.
    pub(super) fn inputs(&self) -> Result<usize> {
        Ok(self.input.dims2()?.1)
    }

    /// What the tokens say of the gates: `[tokens, gates · hidden]`.
    pub(super) fn gates(&self, x: &Tensor, offsets: &[usize], bias: &Tensor, mode: Mode) -> Result<Tensor> {
        let x = self.dropouts[0].forward_per_sequence(x, offsets, mode)?;
        linear(&x, &mode.param(&self.input), &mode.param(bias), Activation::Identity)
    }

    /// The weight between states.
    pub(super) fn state(&self, mode: Mode) -> Tensor {
        mode.param(&self.state)
    }

    pub(super) fn walk(&self, offsets: &[usize], mode: Mode) -> Walk {
        Walk { offsets: offsets.to_vec(), reverse: self.reverse, noise: self.dropouts[1].noise(mode) }
    }
}

/// The gradient of a weight between states, if it wants one: from that of its products and the states that they saw.
pub(super) fn back_weight(
    weight: &Tensor,
    d: &[f32],
    seen: &[f32],
    tokens: usize,
) -> candle_core::Result<Option<Tensor>> {
    let (gates, hidden) = weight.dims2()?;
    gradient(weight, || {
        let mut dw = vec![0.0; gates * hidden];
        product(&mut dw, Mat::new(d, [tokens, gates]).t(), Mat::new(seen, [tokens, hidden]));
        Ok(dw)
    })
}

/// How a direction goes through the sequences of a batch.
pub(super) struct Walk {
    pub(super) offsets: Vec<usize>,
    pub(super) reverse: bool,
    noise: Option<Noise>,
}

impl Walk {
    /// Recurrent dropout of a state of the sequence at a place in the batch.
    pub(super) fn mask(&self, index: usize, state: &mut [f32]) {
        if let Some(noise) = self.noise {
            passes::drop_in_place(state, noise.row(index as u64));
        }
    }

    /// One sequence after the other, one step after the other, with candle's operations. `step` takes a token's gates,
    /// the state that the product sees and what the step before carried over, at first zeros; it gives the state and what
    /// it carries over.
    pub(super) fn composite(
        &self,
        gates: &Tensor,
        hidden: usize,
        step: impl Fn(Tensor, Tensor, Tensor) -> Result<[Tensor; 2]>,
    ) -> Result<Tensor> {
        let mut states = Vec::with_capacity(gates.dims2()?.0);
        for (index, pair) in self.offsets.windows(2).enumerate() {
            let zero = Tensor::zeros((1, hidden), gates.dtype(), gates.device())?;
            let mask =
                self.noise.map(|noise| super::dropout::mask(noise, &[index as u64], &zero)).transpose()?;
            let [mut state, mut carried] = [zero.clone(), zero];
            let mut sequence = Vec::with_capacity(pair[1] - pair[0]);
            for at in 0..pair[1] - pair[0] {
                let token = if self.reverse { pair[1] - 1 - at } else { pair[0] + at };
                let seen = mask.as_ref().map_or(Ok(state.clone()), |mask| &state * mask)?;
                [state, carried] = step(gates.narrow(0, token, 1)?, seen, carried)?;
                sequence.push(state.clone());
            }
            if self.reverse {
                sequence.reverse();
            }
            states.extend(sequence);
        }
        if states.is_empty() {
            return Ok(Tensor::zeros((0, hidden), gates.dtype(), gates.device())?);
        }
        Ok(Tensor::cat(&states, 0)?)
    }
}

/// One sequence with its parts of packed tensors.
pub(super) struct Sequence<'a, const N: usize> {
    /// Its place in the batch.
    pub(super) index: usize,
    /// Its first token.
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) parts: [&'a mut [f32]; N],
}

impl<const N: usize> Sequence<'_, N> {
    /// The place of a step within the sequence.
    pub(super) fn at(&self, step: usize, reverse: bool) -> usize {
        if reverse { self.len - 1 - step } else { step }
    }
}

/// Deals the sequences, longest first, to one task per thread; each task's share is in falling order of length, so
/// that the shorter ones drop off its end as time goes on. `widths` are those of the tensors' rows.
pub(super) fn deal<'a, const N: usize>(
    offsets: &[usize],
    parts: [&'a mut [f32]; N],
    widths: [usize; N],
) -> Vec<Vec<Sequence<'a, N>>> {
    let mut rest = parts;
    let mut all = Vec::new();
    for (index, pair) in offsets.windows(2).enumerate() {
        let len = pair[1] - pair[0];
        let mut widths = widths.iter();
        let parts = rest.each_mut().map(|rest| {
            let width = widths.next().expect("as many widths as parts");
            let (part, after) = std::mem::take(rest).split_at_mut(len * width);
            *rest = after;
            part
        });
        all.push(Sequence { index, start: pair[0], len, parts });
    }
    all.sort_by_key(|sequence| std::cmp::Reverse(sequence.len));
    let tasks = rayon::current_num_threads().clamp(1, all.len().max(1));
    let mut dealt: Vec<Vec<Sequence<'a, N>>> = (0..tasks).map(|_| Vec::new()).collect();
    for (turn, sequence) in all.into_iter().enumerate() {
        dealt[turn % tasks].push(sequence);
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sequence_is_dealt_once_with_its_rows() {
        let mut rows: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let dealt = deal(&[0, 1, 1, 6], [&mut rows], [2]);
        let mut all: Vec<_> = dealt.into_iter().flatten().collect();
        all.sort_by_key(|sequence| sequence.index);
        let seen: Vec<_> = all.iter().map(|s| (s.start, s.len, s.parts[0].first().copied())).collect();
        assert_eq!(seen, [(0, 1, Some(0.0)), (1, 0, None), (1, 5, Some(2.0))]);
        assert_eq!((all[2].at(0, false), all[2].at(0, true)), (0, 4));
    }
}
