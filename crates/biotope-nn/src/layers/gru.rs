//! Gated recurrent units (Cho et al. 2014) over packed sequences, in `PyTorch`'s formulation: the reset gate is applied
//! after the product with the state, which has a bias of its own.

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::Init;

use super::backend::fused;
use super::linear::linear;
use super::recurrence::{Sequence, deal};
use super::{Activation, Dropout};
use crate::error::shape;
use crate::kernels::gemm::{Mat, Packed, each, product};
use crate::kernels::gru::{gru_step, gru_step_back};
use crate::kernels::host::{gradient, hold, slice, stored};
use crate::kernels::noise::Noise;
use crate::kernels::{passes, scratch};
use crate::{Mode, Result};

/// Shape and dropout of a [`Gru`].
#[derive(Clone, Debug)]
pub struct GruConfig {
    /// Width of a token.
    pub inputs: usize,
    /// Width of one direction's state.
    pub hidden: usize,
    /// Whether a second GRU reads from the end; its states stand right of the first's.
    pub bidirectional: bool,
    /// Share of input columns dropped, the same at all steps of a sequence (as in Keras).
    pub dropout: f64,
    /// Share of state columns dropped on their way into the product of the next step, the same at all steps (Gal and
    /// Ghahramani 2016). What the update gate carries over is not dropped.
    pub recurrent_dropout: f64,
}

/// A GRU; parameters per direction, under `forward` and `backward`: `weight_ih [3 · hidden, inputs]`,
/// `weight_hh [3 · hidden, hidden]`, `bias_ih [3 · hidden]`, `bias_hh [3 · hidden]`, gates in `PyTorch`'s order (reset,
/// update, new).
///
/// ```text
/// r = σ(W_r x + b_r + U_r h + c_r)        n = tanh(W_n x + b_n + r (U_n h + c_n))
/// z = σ(W_z x + b_z + U_z h + c_z)        h' = (1 - z) n + z h
/// ```
#[derive(Clone, Debug)]
pub struct Gru {
    directions: Vec<Direction>,
}

#[derive(Clone, Debug)]
struct Direction {
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor,
    bias_hh: Tensor,
    reverse: bool,
    dropout: Dropout,
    recurrent_dropout: Dropout,
}

impl Gru {
    /// All parameters uniform in ±1/√hidden, as in `PyTorch`.
    pub fn new(config: &GruConfig, vb: &VarBuilder) -> Result<Self> {
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
    fn new(config: &GruConfig, vb: &VarBuilder, reverse: bool) -> Result<Self> {
        let (inputs, hidden) = (config.inputs, config.hidden);
        let edge = 1.0 / (hidden.max(1) as f64).sqrt();
        let init = Init::Uniform { lo: -edge, up: edge };
        Ok(Self {
            weight_ih: vb.get_with_hints((3 * hidden, inputs), "weight_ih", init)?,
            weight_hh: vb.get_with_hints((3 * hidden, hidden), "weight_hh", init)?,
            bias_ih: vb.get_with_hints(3 * hidden, "bias_ih", init)?,
            bias_hh: vb.get_with_hints(3 * hidden, "bias_hh", init)?,
            reverse,
            dropout: Dropout::new(config.dropout, format!("{}.dropout", vb.prefix())),
            recurrent_dropout: Dropout::new(config.recurrent_dropout, format!("{}.recurrent", vb.prefix())),
        })
    }

    fn forward(&self, x: &Tensor, offsets: &[usize], mode: Mode) -> Result<Tensor> {
        let (tokens, width) = x.dims2()?;
        let inputs = self.weight_ih.dims2()?.1;
        if offsets.last() != Some(&tokens) || width != inputs {
            let expected = format!("[{:?}, {inputs}]", offsets.last());
            return Err(shape("gru", expected, format!("[{tokens}, {width}]")));
        }
        let x = self.dropout.forward_per_sequence(x, offsets, mode)?;
        let (weight, bias) = (mode.param(&self.weight_ih), mode.param(&self.bias_ih));
        let gates = linear(&x, &weight, &bias, Activation::Identity)?;
        let (weight, bias) = (mode.param(&self.weight_hh), mode.param(&self.bias_hh));
        let noise = self.recurrent_dropout.noise(mode);
        if !fused(&[&gates, &weight, &bias]) {
            return composite(&gates, (&weight, &bias), offsets, self.reverse, noise);
        }
        let op = Fused { offsets: offsets.to_vec(), reverse: self.reverse, noise, kept: OnceLock::new() };
        Ok(gates.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)?)
    }
}

/// The recurrence over whole sequences. A task takes its sequences, longest first, through time together.
struct Fused {
    offsets: Vec<usize>,
    reverse: bool,
    noise: Option<Noise>,
    /// Activated gates `[tokens, 3 · hidden]`, and what the state said of the new gate `[tokens, hidden]`.
    kept: OnceLock<(Vec<f32>, Vec<f32>)>,
}

impl Fused {
    fn mask(&self, index: usize, state: &mut [f32]) {
        if let Some(noise) = self.noise {
            passes::drop_in_place(state, noise.row(index as u64));
        }
    }

    fn forward(&self, gates: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
        let hidden = bias.len() / 3;
        let size = gates.len() / 3;
        let (mut kept, mut inner, mut states) = (gates.to_vec(), vec![0.0; size], vec![0.0; size]);
        let weight = Packed::new(Mat::new(weight, [3 * hidden, hidden]).t());
        let parts = [&mut kept[..], &mut inner, &mut states];
        let dealt = deal(&self.offsets, parts, [3 * hidden, hidden, hidden]);
        each(dealt.len() > 1, dealt.into_iter(), |share| self.forward_share(share, &weight, bias));
        self.kept.set((kept, inner)).ok();
        states
    }

    fn forward_share(&self, mut share: Vec<Sequence<'_, 3>>, weight: &Packed, bias: &[f32]) {
        let hidden = bias.len() / 3;
        // Of each sequence: its state, what the product sees of it, and the product.
        scratch::with(share.len() * 5 * hidden, |buffer| {
            let (state, rest) = buffer.split_at_mut(share.len() * hidden);
            let (seen, products) = rest.split_at_mut(share.len() * hidden);
            state.fill(0.0);
            products.fill(0.0);
            for step in 0..share.first().map_or(0, |longest| longest.len) {
                let active = share.partition_point(|sequence| sequence.len > step);
                let products = &mut products[..active * 3 * hidden];
                if step > 0 {
                    weight.product(products, Mat::new(&seen[..active * hidden], [active, hidden]), false);
                }
                let rows = state.chunks_exact_mut(hidden).zip(seen.chunks_exact_mut(hidden));
                let rows = rows.zip(products.chunks_exact(3 * hidden));
                for (sequence, ((state, seen), product)) in share[..active].iter_mut().zip(rows) {
                    let at = sequence.at(step, self.reverse);
                    let [gates, inner, states] = &mut sequence.parts;
                    let gates = &mut gates[at * 3 * hidden..][..3 * hidden];
                    let (inner, out) =
                        (&mut inner[at * hidden..][..hidden], &mut states[at * hidden..][..hidden]);
                    gru_step(gates, product, bias, state, inner, out);
                    state.copy_from_slice(out);
                    seen.copy_from_slice(out);
                    self.mask(sequence.index, seen);
                }
            }
        });
    }

    /// Gradients on the input's and on the state's side of the gates, `[tokens, 3 · hidden]` each, and the state that
    /// each step's product saw, `[tokens, hidden]`.
    fn backward(&self, grad: &[f32], states: &[f32], weight: &[f32], hidden: usize) -> [Vec<f32>; 3] {
        let mut all = [vec![0.0; 3 * grad.len()], vec![0.0; 3 * grad.len()], vec![0.0; grad.len()]];
        let weight = Packed::new(Mat::new(weight, [3 * hidden, hidden]));
        let parts = all.each_mut().map(Vec::as_mut_slice);
        let dealt = deal(&self.offsets, parts, [3 * hidden, 3 * hidden, hidden]);
        each(dealt.len() > 1, dealt.into_iter(), |share| {
            self.backward_share(share, grad, states, (&weight, hidden));
        });
        all
    }

    fn backward_share(
        &self,
        mut share: Vec<Sequence<'_, 3>>,
        grad: &[f32],
        states: &[f32],
        (weight, hidden): (&Packed, usize),
    ) {
        // Of each sequence: the gradient carried to the step before, that through the product, that of the product;
        // and a state of zeros.
        scratch::with((share.len() * 5 + 1) * hidden, |buffer| {
            let (zero, buffer) = buffer.split_at_mut(hidden);
            let (carried, rest) = buffer.split_at_mut(share.len() * hidden);
            let (through, products) = rest.split_at_mut(share.len() * hidden);
            zero.fill(0.0);
            carried.fill(0.0);
            through.fill(0.0);
            for step in (0..share.first().map_or(0, |longest| longest.len)).rev() {
                let active = share.partition_point(|sequence| sequence.len > step);
                let rows = carried.chunks_exact_mut(hidden).zip(through.chunks_exact_mut(hidden));
                let rows = rows.zip(products.chunks_exact_mut(3 * hidden));
                for (sequence, ((carried, through), product)) in share[..active].iter_mut().zip(rows) {
                    // What came back from the step after went through the mask of recurrent dropout.
                    self.mask(sequence.index, through);
                    passes::add(carried, through);
                    self.back_one(sequence, step, (grad, states, zero), (carried, product));
                }
                let z = Mat::new(&products[..active * 3 * hidden], [active, 3 * hidden]);
                weight.product(&mut through[..active * hidden], z, false);
            }
        });
    }

    /// One step of one sequence.
    fn back_one(
        &self,
        sequence: &mut Sequence<'_, 3>,
        step: usize,
        (grad, states, zero): (&[f32], &[f32], &[f32]),
        (d_state, product): (&mut [f32], &mut [f32]),
    ) {
        let (gates, inner) = self.kept.get().expect("the forward pass kept its gates");
        let hidden = zero.len();
        let local = sequence.at(step, self.reverse);
        let at = sequence.start + local;
        passes::add(d_state, &grad[at * hidden..][..hidden]);
        let before = match step {
            0 => zero,
            _ => &states[(sequence.start + sequence.at(step - 1, self.reverse)) * hidden..][..hidden],
        };
        let index = sequence.index;
        let [d_gates, d_hidden, seen] = &mut sequence.parts;
        let d_gates = &mut d_gates[local * 3 * hidden..][..3 * hidden];
        let (gates, inner) = (&gates[at * 3 * hidden..][..3 * hidden], &inner[at * hidden..][..hidden]);
        gru_step_back(d_gates, product, gates, inner, before, d_state);
        d_hidden[local * 3 * hidden..][..3 * hidden].copy_from_slice(product);
        let seen = &mut seen[local * hidden..][..hidden];
        seen.copy_from_slice(before);
        self.mask(index, seen);
    }
}

impl CustomOp3 for Fused {
    fn name(&self) -> &'static str {
        "gru"
    }

    fn cpu_fwd(
        &self,
        gates: &CpuStorage,
        gates_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let ((tokens, _), hidden) = (gates_layout.shape().dims2()?, weight_layout.shape().dims2()?.1);
        let (gates, weight) = (slice(gates, gates_layout)?, slice(weight, weight_layout)?);
        stored(self.forward(gates, weight, slice(bias, bias_layout)?), (tokens, hidden))
    }

    fn bwd(
        &self,
        gates: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        states: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (tokens, hidden) = states.dims2()?;
        let grad = grad.contiguous()?;
        let [d_gates, d_hidden, seen] = self.backward(&hold(&grad)?, &hold(states)?, &hold(weight)?, hidden);
        let dw = gradient(weight, || {
            let mut dw = vec![0.0; 3 * hidden * hidden];
            let d = Mat::new(&d_hidden, [tokens, 3 * hidden]);
            product(&mut dw, d.t(), Mat::new(&seen, [tokens, hidden]));
            Ok(dw)
        })?;
        let db = gradient(bias, || Ok(passes::column_sums(&d_hidden, 3 * hidden)))?;
        Ok((gradient(gates, || Ok(d_gates))?, dw, db))
    }
}

/// One sequence after the other, one step after the other, with candle's operations.
fn composite(
    gates: &Tensor,
    (weight, bias): (&Tensor, &Tensor),
    offsets: &[usize],
    reverse: bool,
    noise: Option<Noise>,
) -> Result<Tensor> {
    let hidden = weight.dims2()?.1;
    let mut states = Vec::with_capacity(gates.dims2()?.0);
    for (index, pair) in offsets.windows(2).enumerate() {
        let mut state = Tensor::zeros((1, hidden), gates.dtype(), gates.device())?;
        let mask = noise.map(|noise| super::dropout::mask(noise, &[index as u64], &state)).transpose()?;
        let mut sequence = Vec::with_capacity(pair[1] - pair[0]);
        for step in 0..pair[1] - pair[0] {
            let token = if reverse { pair[1] - 1 - step } else { pair[0] + step };
            let seen = mask.as_ref().map_or(Ok(state.clone()), |mask| &state * mask)?;
            let (x, h) = (gates.narrow(0, token, 1)?, seen.matmul(&weight.t()?)?.broadcast_add(bias)?);
            let part = |of: &Tensor, index: usize| of.narrow(1, index * hidden, hidden);
            let gate = |index| Activation::Sigmoid.apply(&(part(&x, index)? + part(&h, index)?)?);
            let (reset, update) = (gate(0)?, gate(1)?);
            let new = (part(&x, 2)? + (reset * part(&h, 2)?)?)?.tanh()?;
            state = (&new + (update * (state - &new)?)?)?;
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
