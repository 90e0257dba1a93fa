//! One block: attention and feed-forward part, each with dropout, residual and normalisation behind it.

use candle_core::Tensor;
use candle_nn::VarBuilder;
use candle_nn::init::ZERO;

use super::Shape;
use crate::layers::{Activation, Dropout, LayerNorm, Linear, SelfAttention, backend, pooling};
use crate::{Mode, Result};

/// Places of a block's parameters.
pub(super) const QUERY: usize = 0;
pub(super) const KEY: usize = 1;
pub(super) const VALUE: usize = 2;
pub(super) const OUTPUT: usize = 3;
pub(super) const NORM: usize = 4;
pub(super) const UP: usize = 5;
pub(super) const DOWN: usize = 6;
pub(super) const LAST: usize = 7;

/// Something for each weight and bias of a block, in the order above.
pub(super) type Parts<T> = [[T; 2]; 8];

/// A block; parameters as in a layer of Hugging Face's `BertEncoder`.
#[derive(Clone, Debug)]
pub struct Block {
    attention: SelfAttention,
    output: (Linear, LayerNorm, Dropout),
    intermediate: Linear,
    feed_forward: (Linear, LayerNorm, Dropout),
    names: Parts<String>,
}

impl Block {
    pub(super) fn new(shape: &Shape, vb: &VarBuilder) -> Result<Self> {
        let attention = vb.pp("attention");
        let dropout = Dropout::new(shape.attention_dropout, attention.pp("self").prefix());
        let linear = |inputs: usize, outputs: usize, activation: Activation, vb: &VarBuilder| {
            Linear::with_init(inputs, outputs, activation, [shape.init, ZERO], &vb.pp("dense"))
        };
        let end = |inputs: usize, vb: VarBuilder| -> Result<(Linear, LayerNorm, Dropout)> {
            let norm = LayerNorm::new(shape.hidden, shape.eps, &vb.pp("LayerNorm"))?;
            let dense = linear(inputs, shape.hidden, Activation::Identity, &vb)?;
            Ok((dense, norm, Dropout::new(shape.dropout, vb.prefix())))
        };
        let own = attention.pp("self");
        Ok(Self {
            attention: SelfAttention::new(shape.hidden, shape.heads, dropout, shape.init, &own)?,
            output: end(shape.hidden, attention.pp("output"))?,
            intermediate: linear(shape.hidden, shape.inner, shape.activation, &vb.pp("intermediate"))?,
            feed_forward: end(shape.inner, vb.pp("output"))?,
            names: names(vb),
        })
    }

    /// `[tokens, hidden]` to the same, or to the first token of each sequence, layer by layer.
    pub(super) fn forward(
        &self,
        x: &Tensor,
        offsets: &[usize],
        first_only: bool,
        mode: Mode,
    ) -> Result<Tensor> {
        let mut attended = self.attention.forward(x, offsets, mode)?;
        let mut x = x.clone();
        if first_only {
            (attended, x) = (pooling::first(&attended, offsets)?, pooling::first(&x, offsets)?);
        }
        let (dense, norm, dropout) = &self.output;
        let x = norm.forward_residual(&dense.forward(&attended, mode)?, &x, dropout, mode)?;
        let (dense, norm, dropout) = &self.feed_forward;
        let inner = self.intermediate.forward(&x, mode)?;
        norm.forward_residual(&dense.forward(&inner, mode)?, &x, dropout, mode)
    }

    /// Weight and bias of each part.
    pub(super) fn tensors(&self) -> Parts<&Tensor> {
        let [query, key, value] = self.attention.parts();
        [
            query,
            key,
            value,
            self.output.0.parts(),
            self.output.1.parts(),
            self.intermediate.parts(),
            self.feed_forward.0.parts(),
            self.feed_forward.1.parts(),
        ]
    }

    pub(super) fn names(&self) -> &Parts<String> {
        &self.names
    }

    /// Dropout of the probabilities, and behind both parts.
    pub(super) fn dropouts(&self) -> [&Dropout; 3] {
        [self.attention.dropout(), &self.output.2, &self.feed_forward.2]
    }

    /// Whether the parameters are plain slices.
    pub(super) fn is_plain(&self) -> bool {
        let parts = self.tensors();
        parts.iter().flatten().all(|tensor| tensor.is_contiguous() && backend::fused(&[tensor]))
    }
}

fn names(vb: &VarBuilder) -> Parts<String> {
    let parts = [
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
        "attention.output.LayerNorm",
        "intermediate.dense",
        "output.dense",
        "output.LayerNorm",
    ];
    parts.map(|part| ["weight", "bias"].map(|kind| vb.pp(part).pp(kind).prefix()))
}
