//! Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate by Gers et al. 2000) over packed sequences.

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp2, Layout, Shape, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::Init;

use super::backend::fused;
use super::linear::linear;
use super::{Activation, Dropout};
use crate::kernels::gemm::{Mat, Packed, each, product};
use crate::kernels::host::{gradient, hold, slice, stored};
use crate::kernels::noise::Noise;
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
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor,
    reverse: bool,
    dropout: Dropout,
    recurrent_dropout: Dropout,
}

impl Lstm {
    /// Weights uniform in ±1/√hidden as in `PyTorch`; the forget gate's bias starts at 1 (Jozefowicz et al. 2015), others at 0.
    pub fn new(config: &LstmConfig, vb: &VarBuilder) -> Result<Self> {
        let names = if config.bidirectional { &["forward", "backward"][..] } else { &["forward"] };
        let direction = |(index, name): (usize, &&str)| Direction::new(config, &vb.pp(name), index == 1);
        Ok(Self { directions: names.iter().enumerate().map(direction).collect::<Result<_>>()? })
    }

    /// States at all steps: `[tokens, inputs]` to `[tokens, directions · hidden]`.
    pub fn forward(&self, x: &Tensor, offsets: &[usize], mode: Mode) -> Result<Tensor> {
        let states = self.directions.iter().map(|direction| direction.forward(x, offsets, mode));
        Ok(Tensor::cat(&states.collect::<Result<Vec<_>>>()?, 1)?)
    }
}

impl Direction {
    fn new(config: &LstmConfig, vb: &VarBuilder, reverse: bool) -> Result<Self> {
        let (inputs, hidden) = (config.inputs, config.hidden);
        let edge = 1.0 / (hidden.max(1) as f64).sqrt();
        let init = Init::Uniform { lo: -edge, up: edge };
        let fresh = !vb.contains_tensor("bias");
        let bias = vb.get(4 * hidden, "bias")?;
        if fresh {
            let start: Vec<f32> = (0..4 * hidden).map(|i| f32::from(u8::from(i / hidden == 1))).collect();
            candle_core::Var::from_tensor(&bias)?.set(&Tensor::from_vec(start, 4 * hidden, vb.device())?)?;
        }
        Ok(Self {
            weight_ih: vb.get_with_hints((4 * hidden, inputs), "weight_ih", init)?,
            weight_hh: vb.get_with_hints((4 * hidden, hidden), "weight_hh", init)?,
            bias,
            reverse,
            dropout: Dropout::new(config.dropout, format!("{}.dropout", vb.prefix())),
            recurrent_dropout: Dropout::new(config.recurrent_dropout, format!("{}.recurrent", vb.prefix())),
        })
    }

    fn forward(&self, x: &Tensor, offsets: &[usize], mode: Mode) -> Result<Tensor> {
        let x = self.dropout.forward_per_sequence(x, offsets, mode)?;
        let gates = linear(&x, &mode.param(&self.weight_ih), &mode.param(&self.bias), Activation::Identity)?;
        let (noise, weight) = (self.recurrent_dropout.noise(mode), mode.param(&self.weight_hh));
        if !fused(&[&gates, &weight]) {
            return composite(&gates, &weight, offsets, self.reverse, noise);
        }
        let op = Fused { offsets: offsets.to_vec(), reverse: self.reverse, noise, kept: OnceLock::new() };
        Ok(gates.contiguous()?.apply_op2(&weight.contiguous()?, op)?)
    }
}

/// The recurrence over whole sequences. Sequences are dealt to tasks; a task takes its sequences, longest first,
/// through time together, so that the shorter ones drop off the end.
struct Fused {
    offsets: Vec<usize>,
    reverse: bool,
    noise: Option<Noise>,
    /// Activated gates `[tokens, 4 · hidden]` and cells `[tokens, hidden]`.
    kept: OnceLock<(Vec<f32>, Vec<f32>)>,
}

/// One sequence with its parts of three packed tensors.
struct Sequence<'a> {
    index: usize,
    start: usize,
    len: usize,
    parts: [&'a mut [f32]; 3],
}

impl Fused {
    /// The place of a step within its sequence.
    fn at(&self, sequence: &Sequence<'_>, step: usize) -> usize {
        if self.reverse { sequence.len - 1 - step } else { step }
    }

    fn mask(&self, sequence: &Sequence<'_>, state: &mut [f32]) {
        if let Some(noise) = self.noise {
            passes::drop_in_place(state, noise.row(sequence.index as u64));
        }
    }

    /// Deals the sequences, longest first, to one task per thread; each task's share is in falling order of length.
    fn deal<'a>(&self, parts: [&'a mut [f32]; 3], widths: [usize; 3]) -> Vec<Vec<Sequence<'a>>> {
        let mut rest = parts;
        let mut all = Vec::new();
        for (index, pair) in self.offsets.windows(2).enumerate() {
            let len = pair[1] - pair[0];
            let mut next = 0;
            let parts = rest.each_mut().map(|rest| {
                let (part, after) = std::mem::take(rest).split_at_mut(len * widths[next]);
                *rest = after;
                next += 1;
                part
            });
            all.push(Sequence { index, start: pair[0], len, parts });
        }
        all.sort_by_key(|sequence| std::cmp::Reverse(sequence.len));
        let tasks = rayon::current_num_threads().clamp(1, all.len().max(1));
        let mut dealt: Vec<Vec<Sequence<'a>>> = (0..tasks).map(|_| Vec::new()).collect();
        for (turn, sequence) in all.into_iter().enumerate() {
            dealt[turn % tasks].push(sequence);
        }
        dealt
    }

    fn forward(&self, gates: &[f32], weight: &[f32], hidden: usize) -> Vec<f32> {
        let (mut kept, mut cells, mut states) =
            (gates.to_vec(), vec![0.0; gates.len() / 4], vec![0.0; gates.len() / 4]);
        let weight = Packed::new(Mat::new(weight, [4 * hidden, hidden]).t());
        let dealt = self.deal([&mut kept, &mut cells, &mut states], [4 * hidden, hidden, hidden]);
        each(true, dealt.into_iter(), |share| self.forward_share(share, &weight, hidden));
        self.kept.set((kept, cells)).ok();
        states
    }

    fn forward_share(&self, mut share: Vec<Sequence<'_>>, weight: &Packed, hidden: usize) {
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
                let at = self.at(sequence, step);
                let before = if step > 0 { Some(self.at(sequence, step - 1)) } else { None };
                let [gates, cells, states] = &mut sequence.parts;
                let gates = &mut gates[at * 4 * hidden..][..4 * hidden];
                if step > 0 {
                    passes::add(gates, z);
                }
                let (cell, before) = places(cells, at, before, hidden, &zero);
                let state = &mut states[at * hidden..][..hidden];
                passes::lstm_step(gates, before, cell, state);
                seen.copy_from_slice(state);
                self.mask(sequence, seen);
            }
        }
    }

    /// Gradient before the gates, `[tokens, 4 · hidden]`, and the state that each step saw, `[tokens, hidden]`.
    fn backward(&self, grad: &[f32], states: &[f32], weight: &[f32], hidden: usize) -> (Vec<f32>, Vec<f32>) {
        let (mut out, mut seen) = (vec![0.0; 4 * grad.len()], vec![0.0; grad.len()]);
        let weight = Packed::new(Mat::new(weight, [4 * hidden, hidden]));
        let dealt = self.deal([&mut out, &mut seen, &mut []], [4 * hidden, hidden, 0]);
        each(true, dealt.into_iter(), |share| self.backward_share(share, grad, states, &weight, hidden));
        (out, seen)
    }

    fn backward_share(
        &self,
        mut share: Vec<Sequence<'_>>,
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
                let local = self.at(sequence, step);
                let at = sequence.start + local;
                let row = |at: usize| at * hidden..(at + 1) * hidden;
                // What came back from the step after went through the mask of recurrent dropout.
                self.mask(sequence, d_state);
                passes::add(d_state, &grad[row(at)]);
                let before = (step > 0).then(|| sequence.start + self.at(sequence, step - 1));
                let cell_before = before.map_or(&zero[..], |before| &cells[row(before)]);
                let gates = &kept[at * 4 * hidden..][..4 * hidden];
                passes::lstm_step_back(z, gates, &cells[row(at)], cell_before, d_state, d_cell);
                sequence.parts[0][local * 4 * hidden..][..4 * hidden].copy_from_slice(z);
                if let Some(before) = before {
                    let seen = std::mem::take(&mut sequence.parts[1]);
                    seen[local * hidden..][..hidden].copy_from_slice(&states[row(before)]);
                    self.mask(sequence, &mut seen[local * hidden..][..hidden]);
                    sequence.parts[1] = seen;
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

impl CustomOp2 for Fused {
    fn name(&self) -> &'static str {
        "lstm"
    }

    fn cpu_fwd(
        &self,
        gates: &CpuStorage,
        gates_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let ((tokens, width), (outputs, hidden)) =
            (gates_layout.shape().dims2()?, weight_layout.shape().dims2()?);
        if self.offsets.last() != Some(&tokens) || width != 4 * hidden || outputs != width {
            candle_core::bail!(
                "lstm: gates of [{tokens}, {width}] meet {:?} and a weight of [{outputs}, {hidden}]",
                self.offsets.last()
            );
        }
        stored(
            self.forward(slice(gates, gates_layout)?, slice(weight, weight_layout)?, hidden),
            (tokens, hidden),
        )
    }

    fn bwd(
        &self,
        gates: &Tensor,
        weight: &Tensor,
        states: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let (tokens, hidden) = states.dims2()?;
        let grad = grad.contiguous()?;
        let (dz, seen) = self.backward(&hold(&grad)?, &hold(states)?, &hold(weight)?, hidden);
        let dw = gradient(weight, || {
            let mut dw = vec![0.0; 4 * hidden * hidden];
            product(&mut dw, Mat::new(&dz, [tokens, 4 * hidden]).t(), Mat::new(&seen, [tokens, hidden]));
            Ok(dw)
        })?;
        Ok((gradient(gates, || Ok(dz))?, dw))
    }
}

/// One sequence after the other, one step after the other, with candle's operations.
fn composite(
    gates: &Tensor,
    weight: &Tensor,
    offsets: &[usize],
    reverse: bool,
    noise: Option<Noise>,
) -> Result<Tensor> {
    let hidden = weight.dims2()?.1;
    let mut states = Vec::with_capacity(gates.dims2()?.0);
    for (index, pair) in offsets.windows(2).enumerate() {
        let zero = Tensor::zeros((1, hidden), gates.dtype(), gates.device())?;
        let mask = noise.map(|noise| super::dropout::mask(noise, &[index as u64], &zero)).transpose()?;
        let (mut state, mut cell) = (zero.clone(), zero);
        let mut sequence = Vec::with_capacity(pair[1] - pair[0]);
        for step in 0..pair[1] - pair[0] {
            let token = if reverse { pair[1] - 1 - step } else { pair[0] + step };
            let seen = mask.as_ref().map_or(Ok(state.clone()), |mask| &state * mask)?;
            let z = (gates.narrow(0, token, 1)? + seen.matmul(&weight.t()?)?)?;
            let gate = |index: usize| z.narrow(1, index * hidden, hidden);
            let sigmoid = candle_nn::ops::sigmoid;
            cell = ((sigmoid(&gate(1)?)? * cell)? + (sigmoid(&gate(0)?)? * gate(2)?.tanh()?)?)?;
            state = (sigmoid(&gate(3)?)? * cell.tanh()?)?;
            sequence.push(state.clone());
        }
        if reverse {
            sequence.reverse();
        }
        states.extend(sequence);
    }
    if states.is_empty() {
        return Ok(Tensor::zeros((0, hidden), gates.dtype(), gates.device())?);
    }
    Ok(Tensor::cat(&states, 0)?)
}
