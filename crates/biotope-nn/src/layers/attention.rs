//! Scaled dot-product self-attention (Vaswani et al. 2017) within each packed sequence.

use candle_core::{D, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::Init;

use super::linear::linear;
use super::{Activation, Dropout};
use crate::error::shape;
use crate::kernels::noise::Noise;
use crate::{Mode, Result};

/// Projections to queries, keys and values, and attention; parameters `query.weight`, `query.bias`, `key.…`, `value.…`
/// as in Hugging Face's BERT.
#[derive(Clone, Debug)]
pub struct SelfAttention {
    weights: [Tensor; 3],
    biases: [Tensor; 3],
    heads: usize,
    dropout: Dropout,
}

impl SelfAttention {
    /// `hidden` must be a multiple of `heads`; `init` is of the weights, biases start at 0.
    pub fn new(hidden: usize, heads: usize, dropout: Dropout, init: Init, vb: &VarBuilder) -> Result<Self> {
        if heads == 0 || !hidden.is_multiple_of(heads) {
            return Err(shape("hidden", format!("a multiple of {heads} heads"), hidden));
        }
        let weight = |part: &str| vb.pp(part).get_with_hints((hidden, hidden), "weight", init);
        let bias = |part: &str| vb.pp(part).get(hidden, "bias");
        let weights = [weight("query")?, weight("key")?, weight("value")?];
        let biases = [bias("query")?, bias("key")?, bias("value")?];
        Ok(Self { weights, biases, heads, dropout })
    }

    /// `[tokens, hidden]` to `[tokens, hidden]`; no output projection.
    pub fn forward(&self, x: &Tensor, offsets: &[usize], mode: Mode) -> Result<Tensor> {
        let join = |parts: &[Tensor; 3]| Tensor::cat(&parts.each_ref().map(|part| mode.param(part)), 0);
        let qkv = linear(x, &join(&self.weights)?, &join(&self.biases)?, Activation::Identity)?;
        attention(&qkv, offsets, self.heads, &self.dropout, mode)
    }
}

/// Attention of `qkv [tokens, 3 · hidden]` (queries, keys, values side by side; heads within each), dropout on the
/// probabilities; `[tokens, hidden]`.
pub fn attention(
    qkv: &Tensor,
    offsets: &[usize],
    heads: usize,
    dropout: &Dropout,
    mode: Mode,
) -> Result<Tensor> {
    let (tokens, width) = qkv.dims2()?;
    if heads == 0 || !width.is_multiple_of(3 * heads) || offsets.last() != Some(&tokens) {
        return Err(shape(
            "attention",
            format!("[{:?}, 3 * {heads} heads * d]", offsets.last()),
            format!("[{tokens}, {width}]"),
        ));
    }
    composite(qkv, offsets, heads, dropout.noise(mode))
}

fn composite(qkv: &Tensor, offsets: &[usize], heads: usize, noise: Option<Noise>) -> Result<Tensor> {
    let sequences = offsets.windows(2).filter(|pair| pair[0] < pair[1]);
    let outputs = sequences.map(|pair| one(qkv, pair[0], pair[1] - pair[0], heads, noise));
    let outputs = outputs.collect::<Result<Vec<_>>>()?;
    if outputs.is_empty() {
        return Ok(qkv.narrow(1, 0, qkv.dims2()?.1 / 3)?);
    }
    Ok(Tensor::cat(&outputs, 0)?)
}

fn one(qkv: &Tensor, start: usize, len: usize, heads: usize, noise: Option<Noise>) -> Result<Tensor> {
    let hidden = qkv.dims2()?.1 / 3;
    let part = |index: usize| -> Result<Tensor> {
        let part = qkv.narrow(0, start, len)?.narrow(1, index * hidden, hidden)?;
        Ok(part.reshape((len, heads, hidden / heads))?.transpose(0, 1)?.contiguous()?) // [heads, len, d]
    };
    let scale = 1.0 / ((hidden / heads) as f64).sqrt();
    let scores = (part(0)?.matmul(&part(1)?.t()?)? * scale)?; // [heads, len, len]
    let exps = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?.detach())?.exp()?;
    let mut probabilities = exps.broadcast_div(&exps.sum_keepdim(D::Minus1)?)?;
    if let Some(noise) = noise {
        let rows: Vec<u64> = (0..heads)
            .flat_map(|head| (start..start + len).map(move |token| noise_row(token, heads, head)))
            .collect();
        let flat = probabilities.reshape((heads * len, len))?;
        let mask = super::dropout::mask(noise, &rows, &flat)?;
        probabilities = (flat * mask)?.reshape((heads, len, len))?;
    }
    Ok(probabilities.matmul(&part(2)?)?.transpose(0, 1)?.reshape((len, hidden))?)
}

/// The row of noise that a token's head has.
pub(crate) fn noise_row(token: usize, heads: usize, head: usize) -> u64 {
    (token * heads + head) as u64
}
