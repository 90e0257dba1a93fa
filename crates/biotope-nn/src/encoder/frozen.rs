//! A whole text classifier for answering only: embeddings, stack and head without graph, weights packed once.

use candle_core::Tensor;

use super::block::Parts;
use super::forward::{GRAIN, Stream, Weights, block, normalise};
use super::op::Pooled;
use super::workspace::{Holding, Packs, Sizes, Workspace, fit};
use super::{Encoder, Shape};
use crate::error::shape;
use crate::kernels::gemm::{Mat, Packed};
use crate::kernels::host::hold;
use crate::kernels::lines::{Lines, lines};
use crate::kernels::passes;
use crate::layers::{Activation, Embedding, LayerNorm, Linear};
use crate::whole::Spare;
use crate::{Error, Frozen, Packed as Features, Precision, Result};

/// What a text's tokens become before the stack.
#[derive(Clone, Copy, Debug)]
pub struct Embeddings<'a> {
    /// Rows of words.
    pub word: &'a Embedding,
    /// Rows of positions within a text; a longer text is an error.
    pub position: &'a Embedding,
    /// Rows of segments, of which the first is used.
    pub token_type: &'a Embedding,
    /// Normalisation of their sum.
    pub norm: &'a LayerNorm,
}

/// What becomes of the stack's output.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The mean over the tokens instead of the first one.
    pub mean: bool,
    /// A layer in front of the classifier.
    pub pooler: Option<&'a Linear>,
    /// Logits.
    pub classifier: &'a Linear,
}

/// Classifies texts without graph, allocation or padding.
pub(super) struct FrozenClassifier<T> {
    shape: Shape,
    tables: [Vec<T>; 3],
    name: String,
    norm: [Vec<f32>; 2],
    blocks: Vec<FrozenBlock>,
    mean: bool,
    layers: Vec<FrozenLinear>,
    spare: Spare<Workspace<T>>,
}

struct FrozenBlock {
    packs: Packs,
    parts: Parts<Vec<f32>>,
}

/// A linear layer in `f32`.
struct FrozenLinear {
    weight: Packed,
    bias: Vec<f32>,
    activation: Activation,
}

impl<T> std::fmt::Debug for FrozenClassifier<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrozenClassifier").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// The frozen form of a classifier: `f32` throughout, or products in `precision` between activations in bf16. The head
/// is always in `f32`.
pub fn freeze(
    embeddings: Embeddings<'_>,
    encoder: &Encoder,
    head: Head<'_>,
    precision: Precision,
) -> Result<Box<dyn Frozen>> {
    Ok(match precision {
        Precision::F32 => Box::new(FrozenClassifier::<f32>::new(embeddings, encoder, head, precision)?),
        _ => Box::new(FrozenClassifier::<u16>::new(embeddings, encoder, head, precision)?),
    })
}

impl<T: Pooled> FrozenClassifier<T> {
    fn new(
        embeddings: Embeddings<'_>,
        encoder: &Encoder,
        head: Head<'_>,
        precision: Precision,
    ) -> Result<Self> {
        let Embeddings { word, position, token_type, norm } = embeddings;
        let [scale, shift] = norm.parts();
        let layers = head.pooler.into_iter().chain([head.classifier]);
        let blocks = encoder.blocks.iter();
        Ok(Self {
            shape: encoder.shape.clone(),
            tables: [cells(word.weight())?, cells(position.weight())?, cells(token_type.weight())?],
            name: word.name().to_owned(),
            norm: [numbers(scale)?, numbers(shift)?],
            blocks: blocks
                .map(|block| FrozenBlock::new(&block.tensors(), &encoder.shape, precision))
                .collect::<Result<_>>()?,
            mean: head.mean,
            layers: layers.map(FrozenLinear::new).collect::<Result<_>>()?,
            spare: Spare::default(),
        })
    }

    fn check(&self, tokens: &[u32], offsets: &[usize], logits: &[f32]) -> Result<()> {
        let batch = offsets.len().saturating_sub(1);
        let ascending =
            offsets.first() == Some(&0) && offsets.is_sorted() && offsets.last() == Some(&tokens.len());
        if !ascending {
            return Err(shape("offsets", format!("ascending from 0 to {}", tokens.len()), "others"));
        }
        if logits.len() != batch * self.outputs() {
            return Err(shape("logits", batch * self.outputs(), logits.len()));
        }
        let rows = self.tables[0].len() / self.shape.hidden;
        if let Some(id) = tokens.iter().find(|id| **id as usize >= rows) {
            return Err(Error::OutOfRange { what: self.name.clone(), id: *id, rows });
        }
        let longest = self.tables[1].len() / self.shape.hidden;
        match offsets.windows(2).map(|pair| pair[1] - pair[0]).find(|len| *len > longest) {
            Some(len) => Err(shape("text", format!("at most {longest} tokens"), len)),
            None => Ok(()),
        }
    }

    /// Sums of embeddings, row by row.
    fn embed(&self, tokens: &[u32], offsets: &[usize], out: &mut [f32]) {
        let (hidden, count) = (self.shape.hidden, tokens.len());
        let parallel = out.len() > 2 * GRAIN;
        lines(
            parallel,
            count,
            GRAIN / hidden,
            (Lines::new(out, count), Lines::new(&mut [0u8; 0], count)),
            |first, rows, (mut out, _)| {
                let mut sequence = offsets.partition_point(|start| *start <= first).saturating_sub(1);
                for row in 0..rows {
                    let at = first + row;
                    while offsets[sequence + 1] <= at {
                        sequence += 1;
                    }
                    let out = out.row(row);
                    out.fill(0.0);
                    for (table, row) in
                        self.tables.iter().zip([tokens[at] as usize, at - offsets[sequence], 0])
                    {
                        T::add_to(out, &table[row * hidden..][..hidden]);
                    }
                }
            },
        );
    }

    fn answer(&self, tokens: &[u32], offsets: &[usize], space: &mut Workspace<T>, logits: &mut [f32]) {
        let sizes = self.shape.sizes(offsets, false);
        let all = tokens.len() * self.shape.hidden;
        // First tokens of empty texts are rows, too.
        let most = all.max(sizes.sequences() * self.shape.hidden);
        space.saved.resize_with(1, Default::default);
        let Workspace { saved, x, s, next, .. } = space;
        let saved = &mut saved[0];
        let (x, s) = (fit(x, most), fit(s, most));
        self.embed(tokens, offsets, &mut s[..all]);
        let [scale, shift] = &self.norm;
        let kept = (&mut [][..], &mut [][..]);
        normalise(&s[..all], &sizes, [scale, shift], (&mut x[..all], fit(&mut saved.x, all)), kept);
        for (index, frozen) in self.blocks.iter().enumerate() {
            let last = index + 1 == self.blocks.len();
            let sizes = self.shape.sizes(offsets, last && !self.mean);
            let mut stream = Stream { x, s, next };
            block(&frozen.weights(), &sizes, [None; 3], saved, &mut stream, false);
            std::mem::swap(next, &mut saved.x);
        }
        let (mut from, mut to) = self.pooled(&sizes, x, s);
        let (last, front) = self.layers.split_last().expect("a head has a classifier");
        for layer in front {
            layer.run(from, to);
            (from, to) = (to, from);
        }
        last.run(from, logits);
    }

    /// One row per text, in the first of two buffers.
    fn pooled<'a>(
        &self,
        sizes: &Sizes<'_>,
        x: &'a mut [f32],
        s: &'a mut [f32],
    ) -> (&'a mut [f32], &'a mut [f32]) {
        let len = sizes.sequences() * sizes.hidden;
        if self.mean {
            means(sizes, x, &mut s[..len]);
            return (&mut s[..len], &mut x[..len]);
        }
        if self.blocks.is_empty() {
            sizes.gather(&mut s[..len], x);
            return (&mut s[..len], &mut x[..len]);
        }
        (&mut x[..len], &mut s[..len])
    }
}

/// Mean rows of sequences: each a sum of weighted rows in order, as [`crate::layers::pooling::mean`].
fn means(sizes: &Sizes<'_>, x: &[f32], out: &mut [f32]) {
    for (pair, out) in sizes.offsets.windows(2).zip(out.chunks_exact_mut(sizes.hidden)) {
        let weight = 1.0 / (pair[1] - pair[0]).max(1) as f32;
        out.fill(0.0);
        for row in pair[0]..pair[1] {
            passes::axpy(out, weight, &x[row * sizes.hidden..][..sizes.hidden]);
        }
    }
}

impl<T: Pooled> Frozen for FrozenClassifier<T> {
    fn outputs(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.bias.len())
    }

    fn run(&self, input: Features<'_>, logits: &mut [f32]) -> Result<()> {
        let (tokens, offsets) = input.tokens()?;
        self.check(tokens, offsets, logits)?;
        let mut space = self.spare.take();
        // Once into the pool of threads, instead of at each product.
        rayon::join(|| self.answer(tokens, offsets, &mut space, logits), || ());
        self.spare.give(space);
        Ok(())
    }
}

impl FrozenBlock {
    fn new(tensors: &Parts<&Tensor>, shape: &Shape, precision: Precision) -> Result<Self> {
        let tensors = tensors.map(|pair| pair.map(Tensor::detach));
        let held = Holding::new(&tensors)?;
        let mut packs = Packs::empty(precision);
        packs.forward(&held.slices(), [shape.hidden, shape.inner]);
        let keep = |[weight, bias]: [&[f32]; 2], norm: bool| {
            [if norm { weight.to_vec() } else { Vec::new() }, bias.to_vec()]
        };
        let slices = held.slices();
        let parts = std::array::from_fn(|part| keep(slices[part], weight_is_vector(part)));
        Ok(Self { packs, parts })
    }

    fn weights(&self) -> Weights<'_> {
        let parts = self.parts.each_ref().map(|pair| pair.each_ref().map(Vec::as_slice));
        Weights { packs: &self.packs, parts }
    }
}

fn weight_is_vector(part: usize) -> bool {
    [super::block::NORM, super::block::LAST].contains(&part)
}

impl FrozenLinear {
    fn new(linear: &Linear) -> Result<Self> {
        let [weight, bias] = linear.parts();
        let shape = weight.dims2()?;
        let held = hold(weight)?;
        let mut packed = Packed::empty(Precision::F32);
        packed.repack(Mat::new(&held, [shape.0, shape.1]).t());
        Ok(Self { weight: packed, bias: numbers(bias)?, activation: linear.activation() })
    }

    fn run(&self, x: &[f32], y: &mut [f32]) {
        let inputs = self.weight.shape()[0];
        let none: &mut [()] = &mut [];
        self.weight.times_then(y, none, Mat::new(x, [x.len() / inputs, inputs]), |span, values, _| {
            let bias = &self.bias[span.column..][..values.len()];
            match self.activation {
                Activation::Tanh => passes::bias_tanh(values, bias),
                Activation::Relu => passes::bias_relu(values, bias),
                _ => passes::add_bias(values, bias),
            }
        });
    }
}

fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(hold(&tensor.contiguous()?)?.to_vec())
}

fn cells<T: Pooled>(tensor: &Tensor) -> Result<Vec<T>> {
    let tensor = tensor.contiguous()?;
    let held = hold(&tensor)?;
    let mut cells = vec![T::default(); held.len()];
    T::store(&mut cells, &held);
    Ok(cells)
}
