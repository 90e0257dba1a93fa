//! Activations that a linear layer can fuse.

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use crate::Result;

/// What is applied element by element after a linear layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Nothing.
    #[default]
    Identity,
    /// `x Φ(x)` with the normal distribution function (Hendrycks and Gimpel 2016), the exact form that BERT uses.
    Gelu,
    /// `max(x, 0)`.
    Relu,
    /// Hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// Applies it with candle's differentiable operations.
    pub fn apply(self, x: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Identity => x.clone(),
            Self::Gelu => x.gelu_erf()?,
            Self::Relu => x.relu()?,
            Self::Tanh => x.tanh()?,
        })
    }
}
