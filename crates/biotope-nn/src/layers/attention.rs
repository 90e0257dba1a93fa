//! Scaled dot-product self-attention (Vaswani et al. 2017) within each packed sequence.

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp1, D, Layout, Shape, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::Init;

use super::backend::fused;
use super::linear::linear;
use super::{Activation, Dropout};
use crate::error::shape;
use crate::kernels::gemm::{Mat, each, serial};
use crate::kernels::host::{gradient, hold, slice, stored};
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
    let noise = dropout.noise(mode);
    if !fused(&[qkv]) {
        return composite(qkv, offsets, heads, noise);
    }
    let op = Fused { offsets: offsets.to_vec(), heads, hidden: width / 3, noise, sums: OnceLock::new() };
    Ok(qkv.contiguous()?.apply_op1(op)?)
}

/// One task per sequence and head. Probabilities are not kept: the backward pass finds them again from the scores and
/// the logarithmic sums of the softmax, as flash attention does (Dao et al. 2022).
struct Fused {
    offsets: Vec<usize>,
    heads: usize,
    hidden: usize,
    noise: Option<Noise>,
    /// Logarithmic sum of each softmax, sequence by sequence, head by head.
    sums: OnceLock<Vec<f32>>,
}

/// A head of a sequence.
#[derive(Clone, Copy)]
struct Task {
    start: usize,
    len: usize,
    head: usize,
}

impl Fused {
    fn tasks(&self) -> impl Iterator<Item = Task> {
        let heads = self.heads;
        let sequences =
            self.offsets.windows(2).map(|pair| (pair[0], pair[1] - pair[0])).filter(|(_, len)| *len > 0);
        sequences.flat_map(move |(start, len)| (0..heads).map(move |head| Task { start, len, head }))
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
        Mat::strided(&qkv[from..], [task.len, self.depth()], 3 * self.hidden)
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
        let len = task.len;
        scratch::with(len * len, |scores| {
            serial(scores, len, self.part(qkv, task, 0), self.part(qkv, task, 1).t(), false);
            for ((row, scores), sum) in scores.chunks_exact_mut(len).enumerate().zip(sums) {
                *sum = passes::softmax(scores, self.scale());
                if let Some(noise) = self.row_noise(task, row) {
                    passes::drop_in_place(scores, noise);
                }
            }
            serial(out, self.depth(), Mat::new(scores, [len, len]), self.part(qkv, task, 2), false);
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
        let (len, depth) = (task.len, self.depth());
        let from = task.start * self.hidden + task.head * depth;
        let g = Mat::strided(&grad[from..], [len, depth], self.hidden);
        let [q, k, v] = [0, 1, 2].map(|index| self.part(qkv, task, index));
        let sums = &sums[task.start * self.heads + task.head * len..][..len];
        scratch::with(2 * len * len, |both| {
            let (p, ds) = both.split_at_mut(len * len);
            serial(p, len, q, k.t(), false);
            serial(ds, len, g, v.t(), false);
            // Gradient of values wants dropped probabilities, the softmax wants whole ones.
            scratch::with(len * len, |dropped| {
                let rows =
                    p.chunks_exact_mut(len).zip(ds.chunks_exact_mut(len)).zip(dropped.chunks_exact_mut(len));
                for (row, ((p, ds), dropped)) in rows.enumerate() {
                    passes::softmax_again(p, self.scale(), sums[row]);
                    match self.row_noise(task, row) {
                        None => dropped.copy_from_slice(p),
                        Some(noise) => {
                            passes::drop_row(dropped, p, noise, 0);
                            passes::drop_in_place(ds, noise);
                        }
                    }
                    passes::softmax_back(ds, p, self.scale());
                }
                serial(dv, depth, Mat::new(dropped, [len, len]).t(), g, false);
            });
            let ds = Mat::new(ds, [len, len]);
            serial(dq, depth, ds, k, false);
            serial(dk, depth, ds.t(), q, false);
        });
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

impl CustomOp1 for Fused {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, qkv: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        stored(self.forward(slice(qkv, layout)?), (self.tokens(), self.hidden))
    }

    fn bwd(&self, qkv: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let grad = grad.contiguous()?;
        gradient(qkv, || Ok(self.backward(&hold(qkv)?, &hold(&grad)?)))
    }
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
