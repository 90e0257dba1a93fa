//! What a model is: numbers in, logits out.

use std::sync::{Arc, Mutex, PoisonError};

use biotope_core::{Config, Seed, Task};
use candle_core::Tensor;
use candle_nn::VarBuilder;

use crate::{Batch, Frozen, Precision, Result};

/// Whether a pass learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A training step. Dropout is drawn from this seed and the layer's name: give each step its own.
    Train {
        /// Seed of this step.
        seed: Seed,
        /// Numbers of the products. Layers without a faster inside for it compute in `f32`.
        precision: Precision,
    },
    /// No dropout, and no graph: parameters are detached, so nothing is kept for a backward pass.
    Eval,
}

impl Mode {
    /// A training step in `f32`.
    pub const fn train(seed: Seed) -> Self {
        Self::Train { seed, precision: Precision::F32 }
    }

    /// Numbers of the products; evaluation with a graph is in `f32`.
    pub fn precision(self) -> Precision {
        match self {
            Self::Train { precision, .. } => precision,
            Self::Eval => Precision::F32,
        }
    }

    /// The seed of the step, if this is one.
    pub fn seed(self) -> Option<Seed> {
        match self {
            Self::Train { seed, .. } => Some(seed),
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

/// The gradient of one parameter that a fused pass works out beside candle's graph.
///
/// candle's operations take three tensors; a pass over a whole encoder has a hundred parameters. It leaves their
/// gradients here during `backward`. Clones share the place.
#[derive(Clone, Debug)]
pub struct DirectGrad {
    /// Name of the parameter.
    pub param: String,
    place: Arc<Mutex<Option<Left>>>,
}

/// What was left: a gradient shaped like the parameter, or like some of its rows.
#[derive(Clone, Debug)]
struct Left {
    rows: Option<Vec<u32>>,
    grad: Tensor,
}

impl DirectGrad {
    /// An empty place.
    pub fn new(param: impl Into<String>) -> Self {
        Self { param: param.into(), place: Arc::default() }
    }

    /// Leaves the gradient, shaped like the parameter.
    pub fn set(&self, grad: Tensor) {
        self.leave(Left { rows: None, grad });
    }

    /// Leaves the gradient of some rows, ascending and each once, `[rows, dim]`; that of all others is zero.
    pub fn set_rows(&self, rows: Vec<u32>, grad: Tensor) {
        self.leave(Left { rows: Some(rows), grad });
    }

    /// The gradient, once the backward pass left it.
    pub fn get(&self) -> Option<Tensor> {
        self.left().map(|left| left.grad)
    }

    /// Which rows the gradient is of; `None`: of the whole parameter.
    pub fn rows(&self) -> Option<Vec<u32>> {
        self.left().and_then(|left| left.rows)
    }

    /// The gradient shaped like its parameter, zero in rows that were not touched.
    pub fn full(&self, param: &Tensor) -> Result<Option<Tensor>> {
        let Some(Left { rows, grad }) = self.left() else { return Ok(None) };
        let Some(rows) = rows else { return Ok(Some(grad)) };
        let rows = Tensor::new(rows, grad.device())?;
        Ok(Some(param.zeros_like()?.detach().index_add(&rows, &grad, 0)?))
    }

    fn leave(&self, left: Left) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
    }

    fn left(&self) -> Option<Left> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What a model answers.
#[derive(Clone, Debug)]
pub struct Output {
    /// `[batch, outputs]`, before softmax or sigmoid.
    pub logits: Tensor,
    /// Parameters that get row gradients in this pass; empty in [`Mode::Eval`].
    pub rows: Vec<RowGrad>,
    /// Parameters whose gradients the backward pass leaves here, and not in candle's store; empty in [`Mode::Eval`].
    pub direct: Vec<DirectGrad>,
}

impl Output {
    /// Logits of a model without sparse parameters.
    pub fn dense(logits: Tensor) -> Self {
        Self::sparse(logits, Vec::new())
    }

    /// Logits of a model some of whose parameters get row gradients.
    pub fn sparse(logits: Tensor, rows: Vec<RowGrad>) -> Self {
        Self { logits, rows, direct: Vec::new() }
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

    /// The model as it is now, without graph, for answering only; `None` if it has no such form. It may share large
    /// tensors with the model: whoever trains on freezes anew.
    fn freeze(&self, _precision: Precision) -> Result<Option<Box<dyn Frozen>>> {
        Ok(None)
    }
}

/// A configuration that a model is built from.
pub trait ModelConfig: Config {
    /// The model.
    type Model: Model;

    /// Builds it; `vb` finds or creates the parameters.
    fn build(&self, task: &Task, vb: VarBuilder) -> Result<Self::Model>;
}
