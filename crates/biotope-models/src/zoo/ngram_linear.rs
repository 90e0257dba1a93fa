//! A linear classifier over weighted bags of hashed n-grams (Joulin et al. 2017, "Bag of tricks for efficient text
//! classification"). Without a hidden layer it is multinomial logistic regression; every update touches only the
//! rows that the batch holds, so it trains in seconds.

use biotope_core::{Config, Invalid, Task};
use biotope_nn::layers::{Activation, Dropout, EmbeddingBag, Linear};
use biotope_nn::whole::Bag;
use biotope_nn::{Batch, Frozen, Mode, Model, ModelConfig, Output, Precision, Result};
use candle_core::Tensor;
use candle_nn::VarBuilder;
use candle_nn::init::{Init, ZERO};
use serde::{Deserialize, Serialize};

use crate::catalogue::{require_dropout, require_vocab};

/// Options of [`NgramLinear`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NgramLinearConfig {
    /// Rows of the table: the featurizer's buckets. 0 is filled in.
    pub vocab_size: usize,
    /// Width of the hidden layer; 0: none, weights go from n-grams to classes directly.
    pub dim: usize,
    /// Share of the hidden layer (or, without one, nothing) dropped in training.
    pub dropout: f64,
}

impl Default for NgramLinearConfig {
    fn default() -> Self {
        Self { vocab_size: 0, dim: 0, dropout: 0.0 }
    }
}

impl Config for NgramLinearConfig {
    const NAME: &'static str = "ngram-linear";
    const SUMMARY: &'static str =
        "linear classifier over hashed n-grams, optionally with a hidden layer (fastText)";

    fn check(&self) -> Result<(), Invalid> {
        require_dropout("dropout", self.dropout)
    }
}

/// The model; parameters `embedding.weight [vocab_size, dim]` with `classifier.weight [outputs, dim]`, or
/// `classifier.weight [vocab_size, outputs]`, and `classifier.bias [outputs]`.
#[derive(Clone, Debug)]
pub struct NgramLinear {
    table: EmbeddingBag,
    head: Head,
    /// The same in one pass, where that runs.
    whole: Bag,
}

#[derive(Clone, Debug)]
enum Head {
    Bias(Tensor),
    Linear(Dropout, Linear),
}

impl ModelConfig for NgramLinearConfig {
    type Model = NgramLinear;

    fn build(&self, task: &Task, vb: VarBuilder) -> Result<NgramLinear> {
        require_vocab(self.vocab_size)?;
        let (rows, outputs, classifier) = (self.vocab_size, task.outputs(), vb.pp("classifier"));
        if self.dim == 0 {
            let table = EmbeddingBag::sparse(rows, outputs, ZERO, &classifier)?;
            let bias = classifier.get_with_hints(outputs, "bias", ZERO)?;
            let whole = Bag::flat(rows, outputs, &classifier)?;
            return Ok(NgramLinear { table, head: Head::Bias(bias), whole });
        }
        let edge = 1.0 / self.dim as f64;
        let init = Init::Uniform { lo: -edge, up: edge };
        let table = EmbeddingBag::sparse(rows, self.dim, init, &vb.pp("embedding"))?;
        let linear = Linear::new(self.dim, outputs, Activation::Identity, &classifier)?;
        let dropout = Dropout::new(self.dropout, "embedding");
        let places = [&vb.pp("embedding"), &classifier];
        let whole = Bag::deep([rows, self.dim, outputs], dropout.clone(), places)?;
        Ok(NgramLinear { table, head: Head::Linear(dropout, linear), whole })
    }
}

impl Model for NgramLinear {
    fn forward(&self, batch: &Batch, mode: Mode) -> Result<Output> {
        if let Some(output) = self.whole.forward(&batch.input, mode)? {
            return Ok(output);
        }
        let mut rows = Vec::new();
        let sums = self.table.forward(batch.input.bag()?, mode, &mut rows)?; // [batch, dim or outputs]
        let logits = match &self.head {
            Head::Bias(bias) => sums.broadcast_add(bias)?,
            Head::Linear(dropout, linear) => linear.forward(&dropout.forward(&sums, mode)?, mode)?,
        };
        Ok(Output::sparse(logits, rows))
    }

    fn sparse(&self) -> Vec<String> {
        vec![self.table.name().to_owned()]
    }

    /// One form for all precisions, in `f32`: the work is reading rows of the table.
    fn freeze(&self, _: Precision) -> Result<Option<Box<dyn Frozen>>> {
        self.whole.freeze()
    }
}
