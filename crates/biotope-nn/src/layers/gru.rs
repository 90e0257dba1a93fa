//! Gated recurrent units (Cho et al. 2014) over packed sequences, in `PyTorch`'s formulation: the reset gate is applied
//! after the product with the state, which has a bias of its own.

use std::sync::OnceLock;

use candle_core::Tensor;
use candle_nn::VarBuilder;

use super::Activation;
use super::backend::fused;
use super::init::uniform;
use super::operation::{Argument, Gradients, Numbers, Operation, apply3};
use super::recurrence::{Sequence, Walk, Weights, back_weight, deal, directions};
use crate::error::shape;
use crate::kernels::gemm::{Mat, Packed, each};
use crate::kernels::gru::{gru_step, gru_step_back};
use crate::kernels::host::{gradient, hold};
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
    weights: Weights,
    bias_ih: Tensor,
    bias_hh: Tensor,
}

impl Gru {
    /// All parameters uniform in ±1/√hidden, as in `PyTorch`.
    pub fn new(config: &GruConfig, vb: &VarBuilder) -> Result<Self> {
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
    fn new(config: &GruConfig, vb: &VarBuilder, reverse: bool) -> Result<Self> {
        let GruConfig { inputs, hidden, dropout, recurrent_dropout, .. } = *config;
        Ok(Self {
            weights: Weights::new([3, inputs, hidden], [dropout, recurrent_dropout], vb, reverse)?,
            bias_ih: vb.get_with_hints(3 * hidden, "bias_ih", uniform(hidden))?,
            bias_hh: vb.get_with_hints(3 * hidden, "bias_hh", uniform(hidden))?,
        })
    }

    fn forward(&self, x: &Tensor, offsets: &[usize], mode: Mode) -> Result<Tensor> {
        let ((tokens, width), inputs) = (x.dims2()?, self.weights.inputs()?);
        if offsets.last() != Some(&tokens) || width != inputs {
            let expected = format!("[{:?}, {inputs}]", offsets.last());
            return Err(shape("gru", expected, format!("[{tokens}, {width}]")));
        }
        let gates = self.weights.gates(x, offsets, &self.bias_ih, mode)?;
        let (weight, bias) = (self.weights.state(mode), mode.param(&self.bias_hh));
        let walk = self.weights.walk(offsets, mode);
        if !fused(&[&gates, &weight, &bias]) {
            return composite(&gates, (&weight, &bias), &walk);
        }
        apply3(Fused { walk, kept: OnceLock::new() }, [&gates, &weight, &bias])
    }
}

/// The recurrence over whole sequences. A task takes its sequences, longest first, through time together.
struct Fused {
    walk: Walk,
    /// Activated gates `[tokens, 3 · hidden]`, and what the state said of the new gate `[tokens, hidden]`.
    kept: OnceLock<(Vec<f32>, Vec<f32>)>,
}

impl Fused {
    fn forward(&self, gates: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
        let hidden = bias.len() / 3;
        let size = gates.len() / 3;
        let (mut kept, mut inner, mut states) = (gates.to_vec(), vec![0.0; size], vec![0.0; size]);
        let weight = Packed::new(Mat::new(weight, [3 * hidden, hidden]).t());
        let parts = [&mut kept[..], &mut inner, &mut states];
        let dealt = deal(&self.walk.offsets, parts, [3 * hidden, hidden, hidden]);
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
                    let at = sequence.at(step, self.walk.reverse);
                    let [gates, inner, states] = &mut sequence.parts;
                    let gates = &mut gates[at * 3 * hidden..][..3 * hidden];
                    let (inner, out) =
                        (&mut inner[at * hidden..][..hidden], &mut states[at * hidden..][..hidden]);
                    gru_step(gates, product, bias, state, inner, out);
                    state.copy_from_slice(out);
                    seen.copy_from_slice(out);
                    self.walk.mask(sequence.index, seen);
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
        let dealt = deal(&self.walk.offsets, parts, [3 * hidden, 3 * hidden, hidden]);
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
                    self.walk.mask(sequence.index, through);
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
        let local = sequence.at(step, self.walk.reverse);
        let at = sequence.start + local;
        passes::add(d_state, &grad[at * hidden..][..hidden]);
        let before = match step {
            0 => zero,
            _ => &states[(sequence.start + sequence.at(step - 1, self.walk.reverse)) * hidden..][..hidden],
        };
        let index = sequence.index;
        let [d_gates, d_hidden, seen] = &mut sequence.parts;
        let d_gates = &mut d_gates[local * 3 * hidden..][..3 * hidden];
        let (gates, inner) = (&gates[at * 3 * hidden..][..3 * hidden], &inner[at * hidden..][..hidden]);
        gru_step_back(d_gates, product, gates, inner, before, d_state);
        d_hidden[local * 3 * hidden..][..3 * hidden].copy_from_slice(product);
        let seen = &mut seen[local * hidden..][..hidden];
        seen.copy_from_slice(before);
        self.walk.mask(index, seen);
    }
}

impl Operation<3> for Fused {
    const NAME: &'static str = "gru";

    fn output(&self, [gates, weight, bias]: [Argument<'_>; 3]) -> Numbers {
        let ((tokens, _), hidden) = (gates.shape.dims2()?, weight.shape.dims2()?.1);
        Ok((self.forward(gates.values, weight.values, bias.values), (tokens, hidden).into()))
    }

    fn gradients(&self, [gates, weight, bias]: [&Tensor; 3], states: &Tensor, grad: &[f32]) -> Gradients<3> {
        let (tokens, hidden) = states.dims2()?;
        let [d_gates, d_hidden, seen] = self.backward(grad, &hold(states)?, &hold(weight)?, hidden);
        let dw = back_weight(weight, &d_hidden, &seen, tokens)?;
        let db = gradient(bias, || Ok(passes::column_sums(&d_hidden, 3 * hidden)))?;
        Ok([gradient(gates, || Ok(d_gates))?, dw, db])
    }
}

fn composite(gates: &Tensor, (weight, bias): (&Tensor, &Tensor), walk: &Walk) -> Result<Tensor> {
    let hidden = weight.dims2()?.1;
    walk.composite(gates, hidden, |x, seen, state| {
        let h = seen.matmul(&weight.t()?)?.broadcast_add(bias)?;
        let part = |of: &Tensor, index: usize| of.narrow(1, index * hidden, hidden);
        let gate = |index| Activation::Sigmoid.apply(&(part(&x, index)? + part(&h, index)?)?);
        let (reset, update) = (gate(0)?, gate(1)?);
        let new = (part(&x, 2)? + (reset * part(&h, 2)?)?)?.tanh()?;
        let state = (&new + (update * (state - &new)?)?)?;
        Ok([state.clone(), state])
    })
}
