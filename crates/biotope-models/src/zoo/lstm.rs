//! A long short-term memory over word embeddings, read in one or both directions, its states pooled to one row per
//! text (Hochreiter and Schmidhuber 1997; max pooling as in Collobert and Weston 2008).

use biotope_core::{Config, Invalid, Task};
use biotope_nn::layers::{self, Activation, Dropout, Embedding, Linear, pooling};
use biotope_nn::whole::{Pooling, Recurrent, RecurrentConfig};
use biotope_nn::{Batch, Frozen, Mode, Model, ModelConfig, Output, Precision, Result};
use candle_core::{D, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::Init;
use serde::{Deserialize, Serialize};

use crate::catalogue::{require, require_dropout, require_vocab};

/// Options of [`Lstm`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LstmConfig {
    /// Number of token ids. 0 is filled in.
    pub vocab_size: usize,
    /// Width of an embedding.
    pub dim: usize,
    /// Standard deviation of the initial embeddings.
    pub embedding_std: f64,
    /// Width of one direction's state.
    pub hidden: usize,
    /// Whether a second LSTM reads each text from its end.
    pub bidirectional: bool,
    /// How the states of a text become one row.
    pub pooling: LstmPooling,
    /// Share of the pooled features dropped in training.
    pub dropout: f64,
    /// Share of embedding columns dropped in training, the same for a whole text.
    pub spatial_dropout: f64,
    /// Share of state columns dropped between steps in training, the same for a whole text.
    pub recurrent_dropout: f64,
}

/// How the states of a text become one row; an empty text gives zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LstmPooling {
    /// The final state of each direction.
    Last,
    /// The largest value of each column over time.
    #[default]
    Max,
    /// The mean over time.
    Mean,
}

impl Default for LstmConfig {
    fn default() -> Self {
        Self {
            vocab_size: 0,
            dim: 128,
            embedding_std: 0.1,
            hidden: 128,
            bidirectional: true,
            pooling: LstmPooling::Max,
            dropout: 0.5,
            spatial_dropout: 0.2,
            recurrent_dropout: 0.0,
        }
    }
}

impl Config for LstmConfig {
    const NAME: &'static str = "lstm";
    const SUMMARY: &'static str = "one- or bidirectional LSTM over word embeddings, pooled over time";

    fn check(&self) -> Result<(), Invalid> {
        require(self.dim > 0, "dim", "must be positive", self.dim)?;
        require(self.embedding_std > 0.0, "embedding_std", "must be positive", self.embedding_std)?;
        require(self.hidden > 0, "hidden", "must be positive", self.hidden)?;
        require_dropout("dropout", self.dropout)?;
        require_dropout("spatial_dropout", self.spatial_dropout)?;
        require_dropout("recurrent_dropout", self.recurrent_dropout)
    }
}

/// The model; parameters `embedding.weight [vocab_size, dim]`, those of [`layers::Lstm`] under `lstm`,
/// `classifier.weight [outputs, directions · hidden]`, `classifier.bias`.
#[derive(Clone, Debug)]
pub struct Lstm {
    embedding: Embedding,
    encoder: layers::Lstm,
    hidden: usize,
    pooling: LstmPooling,
    dropout: Dropout,
    classifier: Linear,
    /// The same in one pass, where that runs.
    whole: Recurrent,
}

impl ModelConfig for LstmConfig {
    type Model = Lstm;

    fn build(&self, task: &Task, vb: VarBuilder) -> Result<Lstm> {
        require_vocab(self.vocab_size)?;
        let inner = layers::LstmConfig {
            inputs: self.dim,
            hidden: self.hidden,
            bidirectional: self.bidirectional,
            dropout: self.spatial_dropout,
            recurrent_dropout: self.recurrent_dropout,
        };
        let width = self.hidden * if self.bidirectional { 2 } else { 1 };
        let init = Init::Randn { mean: 0.0, stdev: self.embedding_std };
        let embedding = Embedding::sparse(self.vocab_size, self.dim, init, &vb.pp("embedding"))?;
        let encoder = layers::Lstm::new(&inner, &vb.pp("lstm"))?;
        let classifier = Linear::new(width, task.outputs(), Activation::Identity, &vb.pp("classifier"))?;
        Ok(Lstm {
            embedding,
            encoder,
            hidden: self.hidden,
            pooling: self.pooling,
            dropout: Dropout::new(self.dropout, "features"),
            classifier,
            whole: Recurrent::find(&self.whole(), task.outputs(), &vb)?,
        })
    }
}

impl LstmConfig {
    fn whole(&self) -> RecurrentConfig {
        RecurrentConfig {
            rows: self.vocab_size,
            dim: self.dim,
            hidden: self.hidden,
            bidirectional: self.bidirectional,
            pooling: match self.pooling {
                LstmPooling::Last => Pooling::Last,
                LstmPooling::Max => Pooling::Max,
                LstmPooling::Mean => Pooling::Mean,
            },
            spatial_dropout: self.spatial_dropout,
            recurrent_dropout: self.recurrent_dropout,
            dropout: Dropout::new(self.dropout, "features"),
        }
    }
}

impl Lstm {
    /// `[tokens, width]` to `[batch, width]`.
    fn pool(&self, states: &Tensor, offsets: &[usize]) -> Result<Tensor> {
        match self.pooling {
            LstmPooling::Max => pooling::max(states, offsets),
            LstmPooling::Mean => pooling::mean(states, offsets),
            LstmPooling::Last if states.dim(D::Minus1)? == self.hidden => pooling::last(states, offsets),
            // The backward direction ends where the text begins.
            LstmPooling::Last => {
                let forward = pooling::last(&states.narrow(1, 0, self.hidden)?.contiguous()?, offsets)?;
                let backward = states.narrow(1, self.hidden, self.hidden)?.contiguous()?;
                Ok(Tensor::cat(&[forward, pooling::first(&backward, offsets)?], 1)?)
            }
        }
    }
}

impl Model for Lstm {
    fn forward(&self, batch: &Batch, mode: Mode) -> Result<Output> {
        if let Some(output) = self.whole.forward(&batch.input, mode)? {
            return Ok(output);
        }
        let (tokens, offsets) = batch.input.tokens()?;
        let mut rows = Vec::new();
        let x = self.embedding.forward(tokens, mode, &mut rows)?; // [tokens, dim]
        let states = self.encoder.forward(&x, offsets, mode)?; // [tokens, directions · hidden]
        let features = self.dropout.forward(&self.pool(&states, offsets)?, mode)?;
        Ok(Output::sparse(self.classifier.forward(&features, mode)?, rows))
    }

    fn sparse(&self) -> Vec<String> {
        vec![self.embedding.name().to_owned()]
    }

    /// One form for all precisions, in `f32`: a step's product is too small to gain from fewer bits.
    fn freeze(&self, _: Precision) -> Result<Option<Box<dyn Frozen>>> {
        self.whole.freeze()
    }
}
