//! Rotary position embedding (Su et al. 2021) over packed sequences.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::Tensor;

use super::backend::fused;
use super::operation::{Argument, Gradients, Numbers, Operation, apply1};
use crate::Result;
use crate::error::shape;
use crate::kernels::host::gradient;
use crate::kernels::passes;
use crate::kernels::rotary::{rotate_halves, rotate_neighbours};

/// Which two columns of a head turn together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pairs {
    /// Column `i` and column `i + depth / 2`: what `transformers` calls `rotate_half` (GPT-NeoX, Llama).
    #[default]
    Halves,
    /// Columns `2 i` and `2 i + 1`: the paper's form.
    Neighbours,
}

/// Turns pairs of columns of queries and keys by an angle that grows with the position, so that their products depend
/// on distances only. Pair `i` of a token at position `p` turns by `p · base^(-2 i / depth)`. No parameters.
#[derive(Clone, Debug)]
pub struct Rotary {
    base: f64,
    depth: usize,
    pairs: Pairs,
    /// Cosines and sines, `[positions, 2, depth / 2]`: grows with the longest sequence seen, shared by clones.
    table: Arc<Mutex<Arc<Vec<f32>>>>,
}

impl Rotary {
    /// For heads of `depth` columns, an even number; `base` is 10,000 in the paper.
    pub fn new(depth: usize, base: f64, pairs: Pairs) -> Result<Self> {
        if depth == 0 || !depth.is_multiple_of(2) {
            return Err(shape("depth of a rotary embedding", "an even number", depth));
        }
        Ok(Self { base, depth, pairs, table: Arc::default() })
    }

    /// Turns the first `heads` heads of `x [tokens, at least heads · depth]`; columns right of them stay as they are.
    /// Positions begin at 0 in each sequence. For queries, keys and values side by side, `heads` is twice a part's.
    pub fn forward(&self, x: &Tensor, offsets: &[usize], heads: usize) -> Result<Tensor> {
        let (tokens, width) = x.dims2()?;
        if offsets.last() != Some(&tokens) || width < heads * self.depth {
            return Err(shape(
                "rotary embedding",
                format!("[{:?}, at least {heads} heads * {}]", offsets.last(), self.depth),
                format!("[{tokens}, {width}]"),
            ));
        }
        let longest = offsets.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
        let turns =
            Turns { table: self.table(longest), offsets: offsets.to_vec(), heads, rotary: self.clone() };
        if fused(&[x]) { apply1(turns, x) } else { turns.composite(x) }
    }

    /// Cosines and sines of at least so many positions.
    fn table(&self, positions: usize) -> Arc<Vec<f32>> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() < positions * self.depth {
            let half = self.depth / 2;
            let mut fresh = Vec::with_capacity(positions.next_power_of_two() * self.depth);
            for position in 0..positions.next_power_of_two() {
                let angle = |i: usize| position as f64 * self.base.powf(-2.0 * i as f64 / self.depth as f64);
                fresh.extend((0..half).map(|i| angle(i).cos() as f32));
                fresh.extend((0..half).map(|i| angle(i).sin() as f32));
            }
            *table = Arc::new(fresh);
        }
        Arc::clone(&table)
    }
}

/// The rotation of one batch.
struct Turns {
    table: Arc<Vec<f32>>,
    offsets: Vec<usize>,
    heads: usize,
    rotary: Rotary,
}

impl Turns {
    /// Turns forward (`sign` 1) or backward (−1): the inverse of a rotation is also its gradient.
    fn apply(&self, x: &[f32], width: usize, sign: f32) -> Vec<f32> {
        let depth = self.rotary.depth;
        let mut out = vec![0.0; x.len()];
        passes::rows(&mut out, width, |first, out| {
            out.copy_from_slice(&x[first * width..][..out.len()]);
            for (token, row) in (first..).zip(out.chunks_exact_mut(width)) {
                let start = self.offsets[self.offsets.partition_point(|border| *border <= token) - 1];
                let (cos, sin) = self.table[(token - start) * depth..][..depth].split_at(depth / 2);
                for head in row.chunks_exact_mut(depth).take(self.heads) {
                    match self.rotary.pairs {
                        Pairs::Halves => rotate_halves(head, cos, sin, sign),
                        Pairs::Neighbours => rotate_neighbours(head, cos, sin, sign),
                    }
                }
            }
        });
        out
    }

    fn composite(&self, x: &Tensor) -> Result<Tensor> {
        let ((tokens, width), half) = (x.dims2()?, self.rotary.depth / 2);
        let turned = self.heads * 2 * half;
        let (shape, axis) = match self.rotary.pairs {
            Pairs::Halves => ((tokens, self.heads, 2, half), 2),
            Pairs::Neighbours => ((tokens, self.heads, half, 2), 3),
        };
        let pairs = x.narrow(1, 0, turned)?.reshape(shape)?;
        let (a, b) = (pairs.narrow(axis, 0, 1)?, pairs.narrow(axis, 1, 1)?);
        // The same for all heads.
        let factors = |from| self.factors(from, x)?.reshape((tokens, 1, a.dims()[2], a.dims()[3]));
        let (cos, sin) = (factors(0)?, factors(half)?);
        let first = (a.broadcast_mul(&cos)? - b.broadcast_mul(&sin)?)?;
        let second = (a.broadcast_mul(&sin)? + b.broadcast_mul(&cos)?)?;
        let turned_part = Tensor::cat(&[first, second], axis)?.reshape((tokens, turned))?;
        Ok(Tensor::cat(&[turned_part, x.narrow(1, turned, width - turned)?], 1)?)
    }

    /// Cosines (from column 0) or sines (from column `depth / 2`) of each token.
    fn factors(&self, from: usize, like: &Tensor) -> candle_core::Result<Tensor> {
        let depth = self.rotary.depth;
        let positions = self.offsets.windows(2).flat_map(|pair| 0..pair[1] - pair[0]);
        let values = positions.flat_map(|position| &self.table[position * depth + from..][..depth / 2]);
        let values: Vec<f32> = values.copied().collect();
        Tensor::new(values, like.device())?.to_dtype(like.dtype())
    }
}

impl Operation<1> for Turns {
    const NAME: &'static str = "rotary-embedding";

    fn output(&self, [x]: [Argument<'_>; 1]) -> Numbers {
        Ok((self.apply(x.values, x.shape.dims2()?.1, 1.0), x.shape.clone()))
    }

    fn gradients(&self, [x]: [&Tensor; 1], _: &Tensor, grad: &[f32]) -> Gradients<1> {
        let width = x.dims2()?.1;
        Ok([gradient(x, || Ok(self.apply(grad, width, -1.0)))?])
    }
}
