//! Convolutions of several widths over word embeddings, the maximum over time of each filter, and a linear
//! classifier (Kim 2014, "Convolutional neural networks for sentence classification").

use biotope_core::{Config, Invalid, Task};
use biotope_nn::layers::{Activation, Conv1d, Dropout, Embedding, Linear};
use biotope_nn::whole::Convolutions;
use biotope_nn::{Batch, Frozen, Mode, Model, ModelConfig, Output, Precision, Result};
use candle_core::Tensor;
use candle_nn::VarBuilder;
use candle_nn::init::Init;
use serde::{Deserialize, Serialize};

use crate::catalogue::{require, require_dropout, require_vocab};

/// Options of [`TextCnn`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextCnnConfig {
    /// Number of token ids. 0 is filled in.
    pub vocab_size: usize,
    /// Width of an embedding.
    pub dim: usize,
    /// Standard deviation of the initial embeddings.
    pub embedding_std: f64,
    /// Filters of each width.
    pub filters: usize,
    /// Widths of the windows, in tokens, each once.
    pub widths: Vec<usize>,
    /// Share of the pooled features dropped in training.
    pub dropout: f64,
    /// Share of embedding columns dropped in training, the same for a whole text.
    pub spatial_dropout: f64,
}

impl Default for TextCnnConfig {
    fn default() -> Self {
        Self {
            vocab_size: 0,
            dim: 128,
            embedding_std: 0.1,
            filters: 128,
            widths: vec![3, 4, 5],
            dropout: 0.5,
            spatial_dropout: 0.0,
        }
    }
}

impl Config for TextCnnConfig {
    const NAME: &'static str = "text-cnn";
    const SUMMARY: &'static str = "convolutions of several widths, maximum over time (Kim 2014)";

    fn check(&self) -> Result<(), Invalid> {
        require(self.dim > 0, "dim", "must be positive", self.dim)?;
        require(self.embedding_std > 0.0, "embedding_std", "must be positive", self.embedding_std)?;
        require(self.filters > 0, "filters", "must be positive", self.filters)?;
        let mut widths = self.widths.clone();
        widths.sort_unstable();
        widths.dedup();
        let distinct = widths.len() == self.widths.len() && widths.first().is_some_and(|width| *width > 0);
        require(
            distinct,
            "widths",
            "must be positive and distinct, at least one",
            format!("{:?}", self.widths),
        )?;
        require_dropout("dropout", self.dropout)?;
        require_dropout("spatial_dropout", self.spatial_dropout)
    }
}

/// The model; parameters `embedding.weight [vocab_size, dim]`, `conv.W.weight [filters, W, dim]` and
/// `conv.W.bias [filters]` for each width, `classifier.weight [outputs, widths · filters]`, `classifier.bias`.
#[derive(Clone, Debug)]
pub struct TextCnn {
    embedding: Embedding,
    spatial: Dropout,
    convolutions: Vec<Conv1d>,
    dropout: Dropout,
    classifier: Linear,
    /// The same in one pass, where that runs.
    whole: Convolutions,
}

impl ModelConfig for TextCnnConfig {
    type Model = TextCnn;

    fn build(&self, task: &Task, vb: VarBuilder) -> Result<TextCnn> {
        require_vocab(self.vocab_size)?;
        let init = Init::Randn { mean: 0.0, stdev: self.embedding_std };
        let conv = |width: &usize| {
            let vb = vb.pp("conv").pp(width);
            Conv1d::new(self.dim, self.filters, *width, Activation::Relu, &vb)
        };
        let (features, outputs) = (self.filters * self.widths.len(), task.outputs());
        let embedding = Embedding::sparse(self.vocab_size, self.dim, init, &vb.pp("embedding"))?;
        let convolutions = self.widths.iter().map(conv).collect::<Result<_>>()?;
        let classifier = Linear::new(features, outputs, Activation::Identity, &vb.pp("classifier"))?;
        let (spatial, dropout) =
            (Dropout::new(self.spatial_dropout, "embedding"), Dropout::new(self.dropout, "features"));
        let shape = [self.vocab_size, self.dim, self.filters, outputs];
        let whole = Convolutions::find(shape, &self.widths, [spatial.clone(), dropout.clone()], &vb)?;
        Ok(TextCnn { embedding, spatial, convolutions, dropout, classifier, whole })
    }
}

impl Model for TextCnn {
    fn forward(&self, batch: &Batch, mode: Mode) -> Result<Output> {
        if let Some(output) = self.whole.forward(&batch.input, mode)? {
            return Ok(output);
        }
        let (tokens, offsets) = batch.input.tokens()?;
        let mut rows = Vec::new();
        let x = self.embedding.forward(tokens, mode, &mut rows)?; // [tokens, dim]
        let x = self.spatial.forward_per_sequence(&x, offsets, mode)?;
        let pooled = self.convolutions.iter().map(|conv| conv.max_over_time(&x, offsets, mode));
        let features = Tensor::cat(&pooled.collect::<Result<Vec<_>>>()?, 1)?; // [batch, widths · filters]
        let logits = self.classifier.forward(&self.dropout.forward(&features, mode)?, mode)?;
        Ok(Output::sparse(logits, rows))
    }

    fn sparse(&self) -> Vec<String> {
        vec![self.embedding.name().to_owned()]
    }

    /// One form for all precisions, in `f32`.
    fn freeze(&self, _: Precision) -> Result<Option<Box<dyn Frozen>>> {
        self.whole.freeze()
    }
}
