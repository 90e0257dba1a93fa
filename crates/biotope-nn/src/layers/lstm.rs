//! Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate by Gers et al. 2000) over packed sequences.

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::Init;

use super::linear::linear;
use super::{Activation, Dropout};
use crate::kernels::noise::Noise;
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
/// `weight_hh [4 · hidden, hidden]`, `bias [4 · hidden]`, gates in PyTorch's order (input, forget, cell, output).
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
    /// Weights uniform in ±1/√hidden as in PyTorch; the forget gate's bias starts at 1 (Jozefowicz et al. 2015), others at 0.
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
        let noise = self.recurrent_dropout.noise(mode);
        composite(&gates, &mode.param(&self.weight_hh), offsets, self.reverse, noise)
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
    match states.is_empty() {
        true => Ok(Tensor::zeros((0, hidden), gates.dtype(), &Device::Cpu)?.to_device(gates.device())?),
        false => Ok(Tensor::cat(&states, 0)?),
    }
}
