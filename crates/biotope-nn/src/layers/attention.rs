//! Scaled dot-product self-attention (Vaswani et al. 2017) within each packed sequence.

use std::sync::OnceLock;

use candle_core::{D, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::Init;

use super::backend::fused;
use super::linear::linear;
use super::operation::{Argument, Gradients, Numbers, Operation, apply1};
use super::{Activation, Dropout, Mask, Rotary};
use crate::error::shape;
use crate::kernels::gemm::{Mat, each, serial};
use crate::kernels::host::{gradient, hold};
use crate::kernels::noise::{Noise, RowNoise};
use crate::kernels::{passes, scratch};
use crate::{Mode, Result};

/// Projections to queries, keys and values, and attention; parameters `query.weight`, `query.bias`, `key.…`, `value.…`
/// as in Hugging Face's BERT.
#[derive(Clone, Debug)]
pub struct SelfAttention {
    weights: [Tensor; 3],
    biases: [Tensor; 3],
    heads: usize,
    dropout: Dropout,
    rotary: Option<Rotary>,
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
        Ok(Self { weights, biases, heads, dropout, rotary: None })
    }

    /// With queries and keys turned by their positions; its depth must be that of a head.
    #[must_use]
    pub fn with_rotary(self, rotary: Rotary) -> Self {
        Self { rotary: Some(rotary), ..self }
    }

    /// Weights and biases of queries, keys and values.
    pub(crate) fn parts(&self) -> [[&Tensor; 2]; 3] {
        [0, 1, 2].map(|index| [&self.weights[index], &self.biases[index]])
    }

    pub(crate) fn dropout(&self) -> &Dropout {
        &self.dropout
    }

    /// `[tokens, hidden]` to `[tokens, hidden]`; no output projection.
    pub fn forward(&self, x: &Tensor, offsets: &[usize], mode: Mode) -> Result<Tensor> {
        self.forward_masked(x, offsets, &Mask::default(), mode)
    }

    /// As [`SelfAttention::forward`], with keys masked.
    pub fn forward_masked(&self, x: &Tensor, offsets: &[usize], mask: &Mask, mode: Mode) -> Result<Tensor> {
        let join = |parts: &[Tensor; 3]| Tensor::cat(&parts.each_ref().map(|part| mode.param(part)), 0);
        let mut qkv = linear(x, &join(&self.weights)?, &join(&self.biases)?, Activation::Identity)?;
        if let Some(rotary) = &self.rotary {
            qkv = rotary.forward(&qkv, offsets, 2 * self.heads)?;
        }
        masked_attention(&qkv, offsets, self.heads, &self.dropout, mask, mode)
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
    masked_attention(qkv, offsets, heads, dropout, &Mask::default(), mode)
}

/// As [`attention`], with keys masked.
pub fn masked_attention(
    qkv: &Tensor,
    offsets: &[usize],
    heads: usize,
    dropout: &Dropout,
    mask: &Mask,
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
    mask.check(offsets)?;
    let noise = dropout.noise(mode);
    if !fused(&[qkv]) {
        return composite(qkv, offsets, heads, noise, mask);
    }
    let (offsets, mask) = (offsets.to_vec(), mask.clone());
    let op = Fused { offsets, heads, hidden: width / 3, mask, noise, sums: OnceLock::new() };
    apply1(op, qkv)
}

/// One task per sequence and head. Probabilities are not kept: the backward pass finds them again from the scores and
/// the logarithmic sums of the softmax, as flash attention does (Dao et al. 2022).
struct Fused {
    offsets: Vec<usize>,
    heads: usize,
    hidden: usize,
    mask: Mask,
    noise: Option<Noise>,
    /// Logarithmic sum of each softmax, sequence by sequence, head by head.
    sums: OnceLock<Vec<f32>>,
}

/// A head of a sequence.
#[derive(Clone, Copy)]
struct Task {
    start: usize,
    len: usize,
    /// Number of keys that are seen at all.
    keys: usize,
    head: usize,
}

impl Fused {
    fn tasks(&self) -> impl Iterator<Item = Task> {
        let heads = self.heads;
        let sequences = self.offsets.windows(2).enumerate().filter(|(_, pair)| pair[0] < pair[1]);
        sequences.flat_map(move |(index, pair)| {
            let (start, len) = (pair[0], pair[1] - pair[0]);
            let keys = self.mask.keys(index, len);
            (0..heads).map(move |head| Task { start, len, keys, head })
        })
    }

    fn tokens(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// Width of a head.
    fn depth(&self) -> usize {
        self.hidden / self.heads
    }

    /// Whether there is work for more than one thread.
    fn parallel(&self) -> bool {
        self.tokens() * self.hidden > 1 << 13
    }

    /// Queries (0), keys (1) or values (2) of a task.
    fn part<'a>(&self, qkv: &'a [f32], task: Task, index: usize) -> Mat<'a> {
        let from = task.start * 3 * self.hidden + index * self.hidden + task.head * self.depth();
        let rows = if index == 0 { task.len } else { task.keys };
        Mat::strided(&qkv[from..], [rows, self.depth()], 3 * self.hidden)
    }

    fn scale(&self) -> f32 {
        1.0 / (self.depth() as f32).sqrt()
    }

    fn row_noise(&self, task: Task, row: usize) -> Option<RowNoise> {
        self.noise.map(|noise| noise.row(noise_row(task.start + row, self.heads, task.head)))
    }

    /// Head-major blocks (`[len, depth]` per task) to rows of `width`, at column `from`.
    fn interleave(&self, blocks: &[f32], out: &mut [f32], width: usize, from: usize) {
        let depth = self.depth();
        let mut rest = out;
        let mut sequences = Vec::new();
        for pair in self.offsets.windows(2) {
            let (rows, after) = rest.split_at_mut((pair[1] - pair[0]) * width);
            sequences.push((&blocks[pair[0] * self.hidden..pair[1] * self.hidden], rows));
            rest = after;
        }
        each(self.parallel(), sequences.into_iter(), |(blocks, rows)| {
            let size = (rows.len() / width * depth).max(1);
            for (head, block) in blocks.chunks_exact(size).enumerate() {
                for (row, block) in rows.chunks_exact_mut(width).zip(block.chunks_exact(depth)) {
                    row[from + head * depth..][..depth].copy_from_slice(block);
                }
            }
        });
    }

    fn forward(&self, qkv: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; self.tokens() * self.hidden];
        let mut sums = vec![0.0; self.tokens() * self.heads];
        scratch::with(out.len(), |blocks| {
            let places = cut(blocks, self.tasks().map(|task| task.len * self.depth()));
            let sum_places = cut(&mut sums, self.tasks().map(|task| task.len));
            let work = self.tasks().zip(places.into_iter().zip(sum_places));
            each(self.parallel(), work, |(task, (out, sums))| self.forward_one(qkv, task, out, sums));
            self.interleave(blocks, &mut out, self.hidden, 0);
        });
        self.sums.set(sums).ok();
        out
    }

    fn forward_one(&self, qkv: &[f32], task: Task, out: &mut [f32], sums: &mut [f32]) {
        let Task { len, keys, .. } = task;
        if keys == 0 {
            return out.fill(0.0);
        }
        scratch::with(len * keys, |scores| {
            serial(scores, keys, self.part(qkv, task, 0), self.part(qkv, task, 1).t(), false);
            for ((row, scores), sum) in scores.chunks_exact_mut(keys).enumerate().zip(sums) {
                let (scores, hidden) = scores.split_at_mut(self.mask.seen(row, keys));
                *sum = passes::softmax(scores, self.scale());
                if let Some(noise) = self.row_noise(task, row) {
                    passes::drop_in_place(scores, noise);
                }
                hidden.fill(0.0);
            }
            serial(out, self.depth(), Mat::new(scores, [len, keys]), self.part(qkv, task, 2), false);
        });
    }

    fn backward(&self, qkv: &[f32], grad: &[f32]) -> Vec<f32> {
        let sums = self.sums.get().map_or(&[][..], Vec::as_slice);
        let mut out = vec![0.0; qkv.len()];
        scratch::with(qkv.len(), |blocks| {
            let (dq, rest) = blocks.split_at_mut(grad.len());
            let (dk, dv) = rest.split_at_mut(grad.len());
            let places = [&mut *dq, &mut *dk, &mut *dv]
                .map(|part| cut(part, self.tasks().map(|task| task.len * self.depth())));
            let [q, k, v] = places;
            let outs = q.into_iter().zip(k).zip(v).map(|((q, k), v)| [q, k, v]);
            each(self.parallel(), self.tasks().zip(outs), |(task, outs)| {
                self.backward_one(qkv, grad, sums, task, outs);
            });
            for (index, part) in [dq, dk, dv].into_iter().enumerate() {
                self.interleave(part, &mut out, 3 * self.hidden, index * self.hidden);
            }
        });
        out
    }

    fn backward_one(
        &self,
        qkv: &[f32],
        grad: &[f32],
        sums: &[f32],
        task: Task,
        [dq, dk, dv]: [&mut [f32]; 3],
    ) {
        let (Task { len, keys, .. }, depth) = (task, self.depth());
        let from = task.start * self.hidden + task.head * depth;
        let g = Mat::strided(&grad[from..], [len, depth], self.hidden);
        let [q, k, v] = [0, 1, 2].map(|index| self.part(qkv, task, index));
        let sums = &sums[task.start * self.heads + task.head * len..][..len];
        let [(dk, unseen_k), (dv, unseen_v)] = [dk, dv].map(|part| part.split_at_mut(keys * depth));
        unseen_k.fill(0.0);
        unseen_v.fill(0.0);
        if keys == 0 {
            return dq.fill(0.0);
        }
        scratch::with(2 * len * keys, |both| {
            let (p, ds) = both.split_at_mut(len * keys);
            serial(p, keys, q, k.t(), false);
            serial(ds, keys, g, v.t(), false);
            // Gradient of values wants dropped probabilities, the softmax wants whole ones.
            scratch::with(len * keys, |dropped| {
                let rows = p
                    .chunks_exact_mut(keys)
                    .zip(ds.chunks_exact_mut(keys))
                    .zip(dropped.chunks_exact_mut(keys));
                for (row, ((p, ds), dropped)) in rows.enumerate() {
                    let seen = self.mask.seen(row, keys);
                    ds[seen..].fill(0.0);
                    dropped[seen..].fill(0.0);
                    self.row_back(
                        task,
                        row,
                        sums[row],
                        [&mut p[..seen], &mut ds[..seen], &mut dropped[..seen]],
                    );
                }
                serial(dv, depth, Mat::new(dropped, [len, keys]).t(), g, false);
            });
            let ds = Mat::new(ds, [len, keys]);
            serial(dq, depth, ds, k, false);
            serial(dk, depth, ds.t(), q, false);
        });
    }

    /// Scores to probabilities (whole and dropped), and the gradient of the probabilities to that of the scores.
    fn row_back(&self, task: Task, row: usize, sum: f32, [p, ds, dropped]: [&mut [f32]; 3]) {
        passes::softmax_again(p, self.scale(), sum);
        match self.row_noise(task, row) {
            None => dropped.copy_from_slice(p),
            Some(noise) => {
                passes::drop_row(dropped, p, noise, 0);
                passes::drop_in_place(ds, noise);
            }
        }
        passes::softmax_back(ds, p, self.scale());
    }
}

/// Cuts a slice into parts of given lengths.
fn cut(whole: &mut [f32], lengths: impl Iterator<Item = usize>) -> Vec<&mut [f32]> {
    let mut rest = whole;
    let take = |len: usize| {
        let (part, after) = std::mem::take(&mut rest).split_at_mut(len);
        rest = after;
        part
    };
    lengths.map(take).collect()
}

impl Operation<1> for Fused {
    const NAME: &'static str = "attention";

    fn output(&self, [qkv]: [Argument<'_>; 1]) -> Numbers {
        Ok((self.forward(qkv.values), (self.tokens(), self.hidden).into()))
    }

    fn gradients(&self, [qkv]: [&Tensor; 1], _: &Tensor, grad: &[f32]) -> Gradients<1> {
        Ok([gradient(qkv, || Ok(self.backward(&hold(qkv)?, grad)))?])
    }
}

fn composite(
    qkv: &Tensor,
    offsets: &[usize],
    heads: usize,
    noise: Option<Noise>,
    mask: &Mask,
) -> Result<Tensor> {
    let sequences = offsets.windows(2).enumerate().filter(|(_, pair)| pair[0] < pair[1]);
    let outputs = sequences.map(|(index, pair)| {
        let (start, len) = (pair[0], pair[1] - pair[0]);
        one(qkv, Task { start, len, keys: mask.keys(index, len), head: 0 }, heads, noise, mask)
    });
    let outputs = outputs.collect::<Result<Vec<_>>>()?;
    if outputs.is_empty() {
        return Ok(qkv.narrow(1, 0, qkv.dims2()?.1 / 3)?);
    }
    Ok(Tensor::cat(&outputs, 0)?)
}

/// All heads of a sequence.
fn one(qkv: &Tensor, task: Task, heads: usize, noise: Option<Noise>, mask: &Mask) -> Result<Tensor> {
    let Task { start, len, keys, .. } = task;
    let hidden = qkv.dims2()?.1 / 3;
    if keys == 0 {
        return Ok(Tensor::zeros((len, hidden), qkv.dtype(), qkv.device())?);
    }
    let part = |index: usize| -> Result<Tensor> {
        let rows = if index == 0 { len } else { keys };
        let part = qkv.narrow(0, start, rows)?.narrow(1, index * hidden, hidden)?;
        Ok(part.reshape((rows, heads, hidden / heads))?.transpose(0, 1)?.contiguous()?) // [heads, rows, d]
    };
    let scale = 1.0 / ((hidden / heads) as f64).sqrt();
    let scores = (part(0)?.matmul(&part(1)?.t()?)? * scale)?; // [heads, len, keys]
    let bar = |at: usize| if at % keys < mask.seen(at / keys, keys) { 0.0 } else { f32::NEG_INFINITY };
    let bars = Tensor::from_iter((0..len * keys).map(bar), qkv.device())?.reshape((len, keys))?;
    let scores = scores.broadcast_add(&bars.to_dtype(qkv.dtype())?)?;
    let exps = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?.detach())?.exp()?;
    let mut probabilities = exps.broadcast_div(&exps.sum_keepdim(D::Minus1)?)?;
    if let Some(noise) = noise {
        let rows: Vec<u64> = (0..heads)
            .flat_map(|head| (start..start + len).map(move |token| noise_row(token, heads, head)))
            .collect();
        let flat = probabilities.reshape((heads * len, keys))?;
        let kept = super::dropout::mask(noise, &rows, &flat)?;
        probabilities = (flat * kept)?.reshape((heads, len, keys))?;
    }
    Ok(probabilities.matmul(&part(2)?)?.transpose(0, 1)?.reshape((len, hidden))?)
}

/// The row of noise that a token's head has.
pub(crate) fn noise_row(token: usize, heads: usize, head: usize) -> u64 {
    (token * heads + head) as u64
}
