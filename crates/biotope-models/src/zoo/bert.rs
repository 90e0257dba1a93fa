//! The encoder of BERT (Devlin et al. 2019) with a classification head; options and parameters carry Hugging Face's
//! names, so a folder of `transformers` opens here and one of ours opens there (see [`crate::bert`]).

use biotope_core::{Config, Invalid, Task};
use biotope_nn::encoder::{self, Encoder, Shape};
use biotope_nn::layers::{self, Dropout, Embedding, LayerNorm, Linear, pooling};
use biotope_nn::{Batch, Frozen, Mode, Model, ModelConfig, Output, Precision, Result, RowGrad};
use candle_core::Tensor;
use candle_nn::VarBuilder;
use candle_nn::init::{Init, ZERO};
use serde::{Deserialize, Serialize};

use crate::catalogue::{require, require_dropout, require_vocab};

/// Options of [`Bert`], named as in Hugging Face's `config.json`; the defaults are those of `MiniLM` (Wang et al. 2020).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BertConfig {
    /// Number of token ids. 0 is filled in.
    pub vocab_size: usize,
    /// Width of a token.
    pub hidden_size: usize,
    /// Encoder layers.
    pub num_hidden_layers: usize,
    /// Heads of attention; they share `hidden_size` among them.
    pub num_attention_heads: usize,
    /// Width inside the feed-forward part.
    pub intermediate_size: usize,
    /// Activation inside the feed-forward part.
    pub hidden_act: Activation,
    /// Share dropped after the embeddings, each attention and each feed-forward part in training.
    pub hidden_dropout_prob: f64,
    /// Share of attention probabilities dropped in training.
    pub attention_probs_dropout_prob: f64,
    /// Share dropped in front of the classifier; missing: as `hidden_dropout_prob`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classifier_dropout: Option<f64>,
    /// Longest text, in tokens.
    pub max_position_embeddings: usize,
    /// Segment ids; texts here have segment 0.
    pub type_vocab_size: usize,
    /// Standard deviation of fresh weights.
    pub initializer_range: f64,
    /// What the layer normalisation adds to the variance.
    pub layer_norm_eps: f64,
    /// Kept for Hugging Face; nothing is padded here.
    pub pad_token_id: u32,
    /// How the tokens of a text become one row.
    pub pooling: Pooling,
}

/// Activation inside the feed-forward part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// The exact form, with the normal distribution function.
    #[default]
    Gelu,
    /// `max(x, 0)`.
    Relu,
}

/// How the tokens of a text become one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// The first token through a tanh layer: the head that Hugging Face has.
    #[default]
    Cls,
    /// The mean over the tokens, as sentence encoders do; `transformers` has no such head.
    Mean,
}

impl Default for BertConfig {
    fn default() -> Self {
        Self {
            vocab_size: 0,
            hidden_size: 384,
            num_hidden_layers: 6,
            num_attention_heads: 12,
            intermediate_size: 1536,
            hidden_act: Activation::Gelu,
            hidden_dropout_prob: 0.1,
            attention_probs_dropout_prob: 0.1,
            classifier_dropout: None,
            max_position_embeddings: 512,
            type_vocab_size: 2,
            initializer_range: 0.02,
            layer_norm_eps: 1e-12,
            pad_token_id: 0,
            pooling: Pooling::Cls,
        }
    }
}

impl Config for BertConfig {
    const NAME: &'static str = "bert";
    const SUMMARY: &'static str = "BERT encoder with a classification head, in Hugging Face's layout";

    fn check(&self) -> Result<(), Invalid> {
        let sizes = [
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ];
        sizes.iter().try_for_each(|(field, size)| require(*size > 0, field, "must be positive", size))?;
        let rule = format!("must be a multiple of num_attention_heads ({})", self.num_attention_heads);
        require(
            self.hidden_size.is_multiple_of(self.num_attention_heads),
            "hidden_size",
            &rule,
            self.hidden_size,
        )?;
        require(self.layer_norm_eps > 0.0, "layer_norm_eps", "must be positive", self.layer_norm_eps)?;
        require(
            self.initializer_range > 0.0,
            "initializer_range",
            "must be positive",
            self.initializer_range,
        )?;
        require_dropout("hidden_dropout_prob", self.hidden_dropout_prob)?;
        require_dropout("attention_probs_dropout_prob", self.attention_probs_dropout_prob)?;
        require_dropout("classifier_dropout", self.classifier_dropout.unwrap_or(0.0))
    }
}

impl BertConfig {
    fn init(&self) -> Init {
        Init::Randn { mean: 0.0, stdev: self.initializer_range }
    }

    fn linear(
        &self,
        inputs: usize,
        outputs: usize,
        activation: layers::Activation,
        vb: &VarBuilder,
    ) -> Result<Linear> {
        Linear::with_init(inputs, outputs, activation, [self.init(), ZERO], vb)
    }

    fn shape(&self) -> Shape {
        let activation = match self.hidden_act {
            Activation::Gelu => layers::Activation::Gelu,
            Activation::Relu => layers::Activation::Relu,
        };
        Shape {
            hidden: self.hidden_size,
            heads: self.num_attention_heads,
            inner: self.intermediate_size,
            activation,
            eps: self.layer_norm_eps,
            dropout: self.hidden_dropout_prob,
            attention_dropout: self.attention_probs_dropout_prob,
            init: self.init(),
        }
    }

    fn norm(&self, vb: &VarBuilder) -> Result<LayerNorm> {
        LayerNorm::new(self.hidden_size, self.layer_norm_eps, &vb.pp("LayerNorm"))
    }

    fn dropout(&self, vb: &VarBuilder) -> Dropout {
        Dropout::new(self.hidden_dropout_prob, vb.prefix())
    }
}

/// The model; parameters as in `BertForSequenceClassification`.
#[derive(Clone, Debug)]
pub struct Bert {
    embeddings: Embeddings,
    encoder: Encoder,
    pooler: Option<Linear>,
    pooling: Pooling,
    dropout: Dropout,
    classifier: Linear,
}

impl ModelConfig for BertConfig {
    type Model = Bert;

    fn build(&self, task: &Task, vb: VarBuilder) -> Result<Bert> {
        require_vocab(self.vocab_size)?;
        let (bert, hidden) = (vb.pp("bert"), self.hidden_size);
        let encoder = bert.pp("encoder").pp("layer");
        let pooler = match self.pooling {
            Pooling::Mean => None,
            Pooling::Cls => {
                let vb = bert.pp("pooler").pp("dense");
                Some(self.linear(hidden, hidden, layers::Activation::Tanh, &vb)?)
            }
        };
        let rate = self.classifier_dropout.unwrap_or(self.hidden_dropout_prob);
        Ok(Bert {
            embeddings: Embeddings::new(self, &bert.pp("embeddings"))?,
            encoder: Encoder::new(&self.shape(), self.num_hidden_layers, &encoder)?,
            pooler,
            pooling: self.pooling,
            dropout: Dropout::new(rate, "classifier"),
            classifier: self.linear(
                hidden,
                task.outputs(),
                layers::Activation::Identity,
                &vb.pp("classifier"),
            )?,
        })
    }
}

impl Model for Bert {
    fn forward(&self, batch: &Batch, mode: Mode) -> Result<Output> {
        let (tokens, offsets) = batch.input.tokens()?;
        let (mut rows, mut direct) = (Vec::new(), Vec::new());
        let x = self.embeddings.forward(tokens, offsets, mode, &mut rows)?; // [tokens, hidden]
        // The head reads first tokens only, so the last block need not finish the others.
        let x = self.encoder.forward(&x, offsets, self.pooling == Pooling::Cls, mode, &mut direct)?;
        let mut pooled = match self.pooling {
            Pooling::Cls => x,
            Pooling::Mean => pooling::mean(&x, offsets)?,
        }; // [batch, hidden]
        if let Some(pooler) = &self.pooler {
            pooled = pooler.forward(&pooled, mode)?;
        }
        let logits = self.classifier.forward(&self.dropout.forward(&pooled, mode)?, mode)?;
        Ok(Output { logits, rows, direct })
    }

    fn sparse(&self) -> Vec<String> {
        vec![self.embeddings.word.name().to_owned()]
    }

    fn freeze(&self, precision: Precision) -> Result<Option<Box<dyn Frozen>>> {
        let Embeddings { word, position, token_type, norm, .. } = &self.embeddings;
        let embeddings = encoder::Embeddings { word, position, token_type, norm };
        let mean = self.pooling == Pooling::Mean;
        let head = encoder::Head { mean, pooler: self.pooler.as_ref(), classifier: &self.classifier };
        encoder::freeze(embeddings, &self.encoder, head, precision).map(Some)
    }
}

/// Words, positions and segments, summed and normalised.
#[derive(Clone, Debug)]
struct Embeddings {
    word: Embedding,
    position: Embedding,
    token_type: Embedding,
    norm: LayerNorm,
    dropout: Dropout,
    longest: usize,
}

impl Embeddings {
    fn new(config: &BertConfig, vb: &VarBuilder) -> Result<Self> {
        let (width, init, longest) = (config.hidden_size, config.init(), config.max_position_embeddings);
        let small = |rows: usize, name: &str| {
            Embedding::dense(rows, width, init, &vb.pp(format!("{name}_embeddings")))
        };
        Ok(Self {
            word: Embedding::sparse(config.vocab_size, width, init, &vb.pp("word_embeddings"))?,
            position: small(longest, "position")?,
            token_type: small(config.type_vocab_size, "token_type")?,
            norm: config.norm(vb)?,
            dropout: config.dropout(vb),
            longest,
        })
    }

    fn forward(
        &self,
        tokens: &Tensor,
        offsets: &[usize],
        mode: Mode,
        rows: &mut Vec<RowGrad>,
    ) -> Result<Tensor> {
        let lengths = offsets.windows(2).map(|pair| pair[1] - pair[0]);
        if let Some(length) = lengths.clone().find(|length| *length > self.longest) {
            let rule = format!("a text must have at most {} (max_position_embeddings)", self.longest);
            let hint = format!("give the featurizer max_length = {}", self.longest);
            return Err(Invalid::new("tokens", rule, length).with_hint(hint).into());
        }
        let positions: Vec<u32> = lengths.flat_map(|length| 0..length as u32).collect();
        let words = self.word.forward(tokens, mode, rows)?;
        let positions = self.position.lookup(&positions, mode, rows)?;
        let segment = self.token_type.lookup(&[0], mode, rows)?; // [1, hidden]
        let sum = ((words + positions)?.broadcast_add(&segment))?;
        self.dropout.forward(&self.norm.forward(&sum, mode)?, mode)
    }
}
