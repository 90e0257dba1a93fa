//! What a model is: numbers in, logits out.

use biotope_core::{Config, Seed, Task};
use candle_core::Tensor;
use candle_nn::VarBuilder;

use crate::{Batch, Result};

/// Whether a pass learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A training step. Dropout is drawn from this seed and the layer's name: give each step its own.
    Train {
        /// Seed of this step.
        seed: Seed,
    },
    /// No dropout, and no graph: parameters are detached, so nothing is kept for a backward pass.
    Eval,
}

impl Mode {
    /// The seed of the step, if this is one.
    pub fn seed(self) -> Option<Seed> {
        match self {
            Self::Train { seed } => Some(seed),
            Self::Eval => None,
        }
    }

    /// The parameter as this mode sees it: itself, or cut from the graph.
    pub(crate) fn param(self, tensor: &Tensor) -> Tensor {
        match self {
            Self::Train { .. } => tensor.clone(),
            Self::Eval => tensor.detach(),
        }
    }
}

/// The rows of one parameter that a batch touched, as a leaf of the graph.
///
/// After `backward`, the leaf's gradient is the gradient of exactly these rows.
#[derive(Clone, Debug)]
pub struct RowGrad {
    /// Name of the parameter.
    pub param: String,
    /// Its rows, ascending, each once.
    pub rows: Vec<u32>,
    /// Their values, `[rows, dim]`: the tensor of a variable.
    pub leaf: Tensor,
}

/// What a model answers.
#[derive(Clone, Debug)]
pub struct Output {
    /// `[batch, outputs]`, before softmax or sigmoid.
    pub logits: Tensor,
    /// Parameters that get row gradients in this pass; empty in [`Mode::Eval`].
    pub rows: Vec<RowGrad>,
}

impl Output {
    /// Logits of a model without sparse parameters.
    pub fn dense(logits: Tensor) -> Self {
        Self { logits, rows: Vec::new() }
    }
}

/// A model: pure, with its parameters inside (they are variables of [`crate::Params`]).
pub trait Model: Send + Sync {
    /// Logits of a batch.
    fn forward(&self, batch: &Batch, mode: Mode) -> Result<Output>;

    /// Names of parameters whose gradients come as [`RowGrad`] only.
    fn sparse(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A configuration that a model is built from.
pub trait ModelConfig: Config {
    /// The model.
    type Model: Model;

    /// Builds it; `vb` finds or creates the parameters.
    fn build(&self, task: &Task, vb: VarBuilder) -> Result<Self::Model>;
}
