//! Linear layer: `y = f(x Wᵀ + b)`, with `f` fused.

use candle_core::Tensor;
use candle_nn::VarBuilder;
use candle_nn::init::Init;

use super::Activation;
use crate::{Mode, Result};

/// A linear layer with bias and an optional activation; parameters `weight [outputs, inputs]`, `bias [outputs]`.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
    activation: Activation,
}

impl Linear {
    /// Initialised as PyTorch does: both uniform in ±1/√inputs.
    pub fn new(inputs: usize, outputs: usize, activation: Activation, vb: &VarBuilder) -> Result<Self> {
        let edge = 1.0 / (inputs.max(1) as f64).sqrt();
        let init = Init::Uniform { lo: -edge, up: edge };
        Self::with_init(inputs, outputs, activation, [init, init], vb)
    }

    /// With given initialisations of weight and bias.
    pub fn with_init(
        inputs: usize,
        outputs: usize,
        activation: Activation,
        [weight, bias]: [Init; 2],
        vb: &VarBuilder,
    ) -> Result<Self> {
        let weight = vb.get_with_hints((outputs, inputs), "weight", weight)?;
        let bias = vb.get_with_hints(outputs, "bias", bias)?;
        Ok(Self { weight, bias, activation })
    }

    /// `[rows, inputs]` to `[rows, outputs]`.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        linear(x, &mode.param(&self.weight), &mode.param(&self.bias), self.activation)
    }
}

/// `f(x Wᵀ + b)` for `x [rows, inputs]`, `weight [outputs, inputs]`, `bias [outputs]`.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor, activation: Activation) -> Result<Tensor> {
    composite(x, weight, bias, activation)
}

fn composite(x: &Tensor, weight: &Tensor, bias: &Tensor, activation: Activation) -> Result<Tensor> {
    activation.apply(&x.matmul(&weight.t()?)?.broadcast_add(bias)?)
}
