//! Activations that a linear layer can fuse.

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::kernels::{activations, passes};

/// What is applied element by element after a linear layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Nothing.
    #[default]
    Identity,
    /// `x Φ(x)` with the normal distribution function (Hendrycks and Gimpel 2016), the exact form that BERT uses.
    Gelu,
    /// `x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2`: the approximation of GELU that GPT-2 uses.
    GeluTanh,
    /// `x` where it is positive, `x / 100` elsewhere (Maas et al. 2013, with `PyTorch`'s slope).
    LeakyRelu,
    /// `max(x, 0)`.
    Relu,
    /// `1 / (1 + e⁻ˣ)`.
    Sigmoid,
    /// `x / (1 + e⁻ˣ)`, also called swish (Elfwing et al. 2018).
    Silu,
    /// Hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// Applies it with candle's differentiable operations.
    pub fn apply(self, x: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Identity => x.clone(),
            Self::Gelu => x.gelu_erf()?,
            Self::GeluTanh => x.gelu()?,
            Self::LeakyRelu => candle_nn::ops::leaky_relu(x, f64::from(activations::LEAK))?,
            Self::Relu => x.relu()?,
            Self::Sigmoid => (x.neg()?.exp()? + 1.0)?.recip()?,
            Self::Silu => x.silu()?,
            Self::Tanh => x.tanh()?,
        })
    }

    /// Whether a larger input never gives a smaller output, so that a maximum may be taken before it.
    pub fn is_monotonous(self) -> bool {
        !self.keeps_slopes()
    }

    /// Whether an output does not tell its slope, so that slopes are kept for the backward pass.
    pub(crate) fn keeps_slopes(self) -> bool {
        matches!(self, Self::Gelu | Self::GeluTanh | Self::Silu)
    }

    /// `y = f(y)` in place. Slopes go to `side`, if it is not empty and this activation keeps them.
    pub(crate) fn run(self, y: &mut [f32], side: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Gelu => activations::gelu(y, side),
            Self::GeluTanh => activations::gelu_tanh(y, side),
            Self::LeakyRelu => activations::leaky_relu(y),
            Self::Relu => activations::relu(y),
            Self::Sigmoid => activations::sigmoid(y),
            Self::Silu => activations::silu(y, side),
            Self::Tanh => activations::tanh(y),
        }
    }

    /// `y = f(y + bias)` on each row, in one pass for the activations of BERT.
    pub(crate) fn run_biased(self, y: &mut [f32], bias: &[f32], side: &mut [f32]) {
        match self {
            Self::Gelu => passes::bias_gelu(y, bias, side),
            Self::Relu => passes::bias_relu(y, bias),
            Self::Tanh => passes::bias_tanh(y, bias),
            other => {
                passes::add_bias(y, bias);
                other.run(y, side);
            }
        }
    }

    /// `out = g f'`, from the outputs `y` or the slopes that were kept.
    pub(crate) fn back(self, out: &mut [f32], g: &[f32], y: &[f32], slopes: &[f32]) {
        match self {
            Self::Identity => out.copy_from_slice(g),
            Self::Gelu | Self::GeluTanh | Self::Silu => passes::multiply(out, g, slopes),
            Self::LeakyRelu => activations::leaky_relu_back(out, g, y),
            Self::Relu => passes::relu_back(out, g, y),
            Self::Sigmoid => activations::sigmoid_back(out, g, y),
            Self::Tanh => passes::tanh_back(out, g, y),
        }
    }
}
