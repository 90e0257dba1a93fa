//! Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate by Gers et al. 2000) over packed sequences.

use std::sync::OnceLock;

use candle_core::Tensor;
use candle_nn::VarBuilder;

use super::backend::fused;
use super::operation::{Argument, Gradients, Numbers, Operation, apply2};
use super::recurrence::{Sequence, Walk, Weights, back_weight, deal, directions};
use crate::kernels::gemm::{Mat, Packed, each};
use crate::kernels::host::{gradient, hold};
use crate::kernels::passes;
use crate::{Mode, Result};

/// Shape and dropout of an [`Lstm`].
#[derive(Clone, Debug)]
pub struct LstmConfig {
    /// Width of a token.
    pub inputs: usize,
    /// Width of one direction's state.
    pub hidden: usize,
    /// Whether a second LSTM reads from the end; its states stand right of the first's.
    pub bidirectional: bool,
    /// Share of input columns dropped, the same at all steps of a sequence (as in Keras).
    pub dropout: f64,
    /// Share of state columns dropped on their way to the next step, the same at all steps (Gal and Ghahramani 2016).
    pub recurrent_dropout: f64,
}

/// An LSTM; parameters per direction, under `forward` and `backward`: `weight_ih [4 · hidden, inputs]`,
/// `weight_hh [4 · hidden, hidden]`, `bias [4 · hidden]`, gates in `PyTorch`'s order (input, forget, cell, output).
#[derive(Clone, Debug)]
pub struct Lstm {
    directions: Vec<Direction>,
}

#[derive(Clone, Debug)]
struct Direction {
    weights: Weights,
    bias: Tensor,
}

impl Lstm {
    /// Weights uniform in ±1/√hidden as in `PyTorch`; the forget gate's bias starts at 1 (Jozefowicz et al. 2015), others at 0.
    pub fn new(config: &LstmConfig, vb: &VarBuilder) -> Result<Self> {
        let direction = |vb: &VarBuilder, reverse| Direction::new(config, vb, reverse);
        Ok(Self { directions: directions(config.bidirectional, vb, direction)? })
    }

    /// States at all steps: `[tokens, inputs]` to `[tokens, directions · hidden]`.
    pub fn forward(&self, x: &Tensor, offsets: &[usize], mode: Mode) -> Result<Tensor> {
        let states = self.directions.iter().map(|direction| direction.forward(x, offsets, mode));
        Ok(Tensor::cat(&states.collect::<Result<Vec<_>>>()?, 1)?)
    }
}

impl Direction {
    fn new(config: &LstmConfig, vb: &VarBuilder, reverse: bool) -> Result<Self> {
        let LstmConfig { inputs, hidden, dropout, recurrent_dropout, .. } = *config;
        let fresh = !vb.contains_tensor("bias");
        let bias = vb.get(4 * hidden, "bias")?;
        if fresh {
            let start: Vec<f32> = (0..4 * hidden).map(|i| f32::from(u8::from(i / hidden == 1))).collect();
            candle_core::Var::from_tensor(&bias)?.set(&Tensor::from_vec(start, 4 * hidden, vb.device())?)?;
        }
        let weights = Weights::new([4, inputs, hidden], [dropout, recurrent_dropout], vb, reverse)?;
        Ok(Self { weights, bias })
    }

    fn forward(&self, x: &Tensor, offsets: &[usize], mode: Mode) -> Result<Tensor> {
        let gates = self.weights.gates(x, offsets, &self.bias, mode)?;
        let (walk, weight) = (self.weights.walk(offsets, mode), self.weights.state(mode));
        if !fused(&[&gates, &weight]) {
            return composite(&gates, &weight, &walk);
        }
        apply2(Fused { walk, kept: OnceLock::new() }, [&gates, &weight])
    }
}

/// The recurrence over whole sequences. A task takes its sequences, longest first, through time together.
struct Fused {
    walk: Walk,
    /// Activated gates `[tokens, 4 · hidden]` and cells `[tokens, hidden]`.
    kept: OnceLock<(Vec<f32>, Vec<f32>)>,
}

impl Fused {
    fn forward(&self, gates: &[f32], weight: &[f32], hidden: usize) -> Vec<f32> {
        let (mut kept, mut cells, mut states) =
            (gates.to_vec(), vec![0.0; gates.len() / 4], vec![0.0; gates.len() / 4]);
        let weight = Packed::new(Mat::new(weight, [4 * hidden, hidden]).t());
        let parts = [&mut kept[..], &mut cells, &mut states];
        let dealt = deal(&self.walk.offsets, parts, [4 * hidden, hidden, hidden]);
        each(true, dealt.into_iter(), |share| self.forward_share(share, &weight, hidden));
        self.kept.set((kept, cells)).ok();
        states
    }

    fn forward_share(&self, mut share: Vec<Sequence<'_, 3>>, weight: &Packed, hidden: usize) {
        let zero = vec![0.0; hidden];
        let (mut seen, mut z) = (vec![0.0; share.len() * hidden], vec![0.0; share.len() * 4 * hidden]);
        for step in 0..share.first().map_or(0, |longest| longest.len) {
            let active = share.partition_point(|sequence| sequence.len > step);
            let z = &mut z[..active * 4 * hidden];
            if step > 0 {
                weight.product(z, Mat::new(&seen[..active * hidden], [active, hidden]), false);
            }
            let rows = seen.chunks_exact_mut(hidden).zip(z.chunks_exact(4 * hidden));
            for (sequence, (seen, z)) in share[..active].iter_mut().zip(rows) {
                let at = sequence.at(step, self.walk.reverse);
                let before = (step > 0).then(|| sequence.at(step - 1, self.walk.reverse));
                let [gates, cells, states] = &mut sequence.parts;
                let gates = &mut gates[at * 4 * hidden..][..4 * hidden];
                if step > 0 {
                    passes::add(gates, z);
                }
                let (cell, before) = places(cells, at, before, hidden, &zero);
                let state = &mut states[at * hidden..][..hidden];
                passes::lstm_step(gates, before, cell, state);
                seen.copy_from_slice(state);
                self.walk.mask(sequence.index, seen);
            }
        }
    }

    /// Gradient before the gates, `[tokens, 4 · hidden]`, and the state that each step saw, `[tokens, hidden]`.
    fn backward(&self, grad: &[f32], states: &[f32], weight: &[f32], hidden: usize) -> (Vec<f32>, Vec<f32>) {
        let (mut out, mut seen) = (vec![0.0; 4 * grad.len()], vec![0.0; grad.len()]);
        let weight = Packed::new(Mat::new(weight, [4 * hidden, hidden]));
        let dealt = deal(&self.walk.offsets, [&mut out[..], &mut seen], [4 * hidden, hidden]);
        each(true, dealt.into_iter(), |share| self.backward_share(share, grad, states, &weight, hidden));
        (out, seen)
    }

    fn backward_share(
        &self,
        mut share: Vec<Sequence<'_, 2>>,
        grad: &[f32],
        states: &[f32],
        weight: &Packed,
        hidden: usize,
    ) {
        let (kept, cells) = self.kept.get().expect("the forward pass kept its gates");
        let zero = vec![0.0; hidden];
        let size = share.len() * hidden;
        let (mut d_seen, mut d_cells, mut z) = (vec![0.0; size], vec![0.0; size], vec![0.0; 4 * size]);
        for step in (0..share.first().map_or(0, |longest| longest.len)).rev() {
            let active = share.partition_point(|sequence| sequence.len > step);
            let rows = d_seen.chunks_exact_mut(hidden).zip(d_cells.chunks_exact_mut(hidden));
            let rows = rows.zip(z.chunks_exact_mut(4 * hidden));
            for (sequence, ((d_state, d_cell), z)) in share[..active].iter_mut().zip(rows) {
                let local = sequence.at(step, self.walk.reverse);
                let at = sequence.start + local;
                let row = |at: usize| at * hidden..(at + 1) * hidden;
                // What came back from the step after went through the mask of recurrent dropout.
                self.walk.mask(sequence.index, d_state);
                passes::add(d_state, &grad[row(at)]);
                let before = (step > 0).then(|| sequence.start + sequence.at(step - 1, self.walk.reverse));
                let cell_before = before.map_or(&zero[..], |before| &cells[row(before)]);
                let gates = &kept[at * 4 * hidden..][..4 * hidden];
                passes::lstm_step_back(z, gates, &cells[row(at)], cell_before, d_state, d_cell);
                let [d_gates, seen] = &mut sequence.parts;
                d_gates[local * 4 * hidden..][..4 * hidden].copy_from_slice(z);
                if let Some(before) = before {
                    let seen = &mut seen[local * hidden..][..hidden];
                    seen.copy_from_slice(&states[row(before)]);
                    self.walk.mask(sequence.index, seen);
                }
            }
            let z = Mat::new(&z[..active * 4 * hidden], [active, 4 * hidden]);
            weight.product(&mut d_seen[..active * hidden], z, false);
        }
    }
}

/// This step's cell, to be written, and the cell of the step before.
fn places<'a>(
    cells: &'a mut [f32],
    at: usize,
    before: Option<usize>,
    hidden: usize,
    zero: &'a [f32],
) -> (&'a mut [f32], &'a [f32]) {
    let Some(before) = before else { return (&mut cells[at * hidden..][..hidden], zero) };
    let (low, high) = cells.split_at_mut(at.max(before) * hidden);
    let (low, high) = (&mut low[at.min(before) * hidden..][..hidden], &mut high[..hidden]);
    if at > before { (high, low) } else { (low, high) }
}

impl Operation<2> for Fused {
    const NAME: &'static str = "lstm";

    fn output(&self, [gates, weight]: [Argument<'_>; 2]) -> Numbers {
        let ((tokens, width), (outputs, hidden)) = (gates.shape.dims2()?, weight.shape.dims2()?);
        let last = self.walk.offsets.last();
        if last != Some(&tokens) || width != 4 * hidden || outputs != width {
            candle_core::bail!(
                "lstm: gates of [{tokens}, {width}] meet {last:?} and a weight of [{outputs}, {hidden}]"
            );
        }
        Ok((self.forward(gates.values, weight.values, hidden), (tokens, hidden).into()))
    }

    fn gradients(&self, [gates, weight]: [&Tensor; 2], states: &Tensor, grad: &[f32]) -> Gradients<2> {
        let (tokens, hidden) = states.dims2()?;
        let (dz, seen) = self.backward(grad, &hold(states)?, &hold(weight)?, hidden);
        let dw = back_weight(weight, &dz, &seen, tokens)?;
        Ok([gradient(gates, || Ok(dz))?, dw])
    }
}

fn composite(gates: &Tensor, weight: &Tensor, walk: &Walk) -> Result<Tensor> {
    let hidden = weight.dims2()?.1;
    walk.composite(gates, hidden, |gates, seen, cell| {
        let z = (gates + seen.matmul(&weight.t()?)?)?;
        let gate = |index: usize| z.narrow(1, index * hidden, hidden);
        let sigmoid = candle_nn::ops::sigmoid;
        let cell = ((sigmoid(&gate(1)?)? * cell)? + (sigmoid(&gate(0)?)? * gate(2)?.tanh()?)?)?;
        Ok([(sigmoid(&gate(3)?)? * cell.tanh()?)?, cell])
    })
}
