//! Buffers of a stack, used again from pass to pass, and its weights packed for products.

use candle_core::Result;

use super::block::{DOWN, KEY, OUTPUT, Parts, QUERY, UP, VALUE};
use crate::Precision;
use crate::kernels::cell::Cell;
use crate::kernels::gemm::{Mat, Packed};
use crate::kernels::host::{Held, hold};
use crate::kernels::noise::Noise;
use crate::kernels::scratch;

/// Sizes of one pass over one block.
#[derive(Clone, Copy)]
pub(super) struct Sizes<'a> {
    pub(super) offsets: &'a [usize],
    /// Width of a token, and inside the feed-forward part.
    pub(super) hidden: usize,
    pub(super) inner: usize,
    pub(super) heads: usize,
    pub(super) eps: f32,
    /// `max(x, 0)` as activation instead of `x Φ(x)`.
    pub(super) relu: bool,
    /// Whether only first tokens are finished.
    pub(super) first_only: bool,
}

impl Sizes<'_> {
    /// All tokens.
    pub(super) fn tokens(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    pub(super) fn sequences(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Tokens that come out.
    pub(super) fn rows(&self) -> usize {
        if self.first_only { self.sequences() } else { self.tokens() }
    }

    /// The first rows of sequences out of all rows; zeros of an empty one.
    pub(super) fn gather<N: Copy + Default>(&self, out: &mut [N], all: &[N]) {
        for (pair, out) in self.offsets.windows(2).zip(out.chunks_exact_mut(self.hidden)) {
            if pair[0] < pair[1] {
                out.copy_from_slice(&all[pair[0] * self.hidden..][..self.hidden]);
            } else {
                out.fill(N::default());
            }
        }
    }
}

/// What is dropped in one block: of the probabilities, behind the attention, behind the feed-forward part.
pub(super) type Noises = [Option<Noise>; 3];

/// What a block keeps for its backward pass.
#[derive(Default)]
pub(super) struct Saved<T> {
    /// Its input `[tokens, hidden]`, and the part of it that asks if that is not all.
    pub(super) x: Vec<T>,
    pub(super) first: Vec<T>,
    pub(super) queries: Vec<T>,
    /// Keys and values.
    pub(super) pairs: Vec<T>,
    pub(super) sums: Vec<f32>,
    pub(super) attended: Vec<T>,
    /// Both normalisations: rows before scale and shift, and inverse deviations.
    pub(super) hats: [Vec<T>; 2],
    pub(super) inverses: [Vec<f32>; 2],
    /// Between the parts.
    pub(super) middle: Vec<T>,
    pub(super) inner: Vec<T>,
    /// Derivatives of the activation.
    pub(super) slopes: Vec<T>,
}

/// Gradients on their way back through a block.
#[derive(Default)]
pub(super) struct Flow<T> {
    /// Behind a part, `[rows, hidden]`.
    pub(super) part: Vec<T>,
    pub(super) inner: Vec<T>,
    pub(super) attended: Vec<T>,
    pub(super) queries: Vec<T>,
    pub(super) pairs: Vec<T>,
}

/// All buffers of a pass.
#[derive(Default)]
pub(super) struct Workspace<T> {
    pub(super) saved: Vec<Saved<T>>,
    pub(super) flow: Flow<T>,
    /// The stream between blocks (on the way back: its gradient), and a second of the kind.
    pub(super) x: Vec<f32>,
    pub(super) s: Vec<f32>,
    /// The next block's input.
    pub(super) next: Vec<T>,
    pub(super) packs: Option<Packs>,
}

/// The first `len` numbers of a buffer that grows when it must.
pub(super) fn fit<N: Copy + Default>(buffer: &mut Vec<N>, len: usize) -> &mut [N] {
    if buffer.len() < len {
        buffer.resize(len, N::default());
    }
    &mut buffer[..len]
}

/// A block's weights, packed for one direction.
pub(super) struct Packs {
    pub(super) query: Packed,
    /// Keys and values side by side.
    pub(super) pair: Packed,
    pub(super) output: Packed,
    pub(super) up: Packed,
    pub(super) down: Packed,
    pub(super) pair_bias: Vec<f32>,
}

impl Packs {
    pub(super) fn empty(precision: Precision) -> Self {
        let new = || Packed::empty(precision);
        Self { query: new(), pair: new(), output: new(), up: new(), down: new(), pair_bias: Vec::new() }
    }

    /// For `x Wᵀ`.
    pub(super) fn forward(&mut self, parts: &Parts<&[f32]>, [hidden, inner]: [usize; 2]) {
        self.pack(parts, [hidden, inner], true);
        self.pair_bias.clear();
        self.pair_bias.extend_from_slice(parts[KEY][1]);
        self.pair_bias.extend_from_slice(parts[VALUE][1]);
    }

    /// For `dy W`.
    pub(super) fn backward(&mut self, parts: &Parts<&[f32]>, [hidden, inner]: [usize; 2]) {
        self.pack(parts, [hidden, inner], false);
    }

    fn pack(&mut self, parts: &Parts<&[f32]>, [hidden, inner]: [usize; 2], is_turned: bool) {
        let pack = |packed: &mut Packed, weight: &[f32], shape| {
            let mat = Mat::new(weight, shape);
            packed.repack(if is_turned { mat.t() } else { mat });
        };
        pack(&mut self.query, parts[QUERY][0], [hidden, hidden]);
        pack(&mut self.output, parts[OUTPUT][0], [hidden, hidden]);
        pack(&mut self.up, parts[UP][0], [inner, hidden]);
        pack(&mut self.down, parts[DOWN][0], [hidden, inner]);
        let half = hidden * hidden;
        scratch::with(2 * half, |both| {
            both[..half].copy_from_slice(parts[KEY][0]);
            both[half..].copy_from_slice(parts[VALUE][0]);
            pack(&mut self.pair, both, [2 * hidden, hidden]);
        });
    }
}

/// A block's parameters as slices.
pub(super) struct Holding<'a>(Vec<[Held<'a>; 2]>);

impl<'a> Holding<'a> {
    pub(super) fn new(tensors: &'a Parts<candle_core::Tensor>) -> Result<Self> {
        let both = |[weight, bias]: &'a [candle_core::Tensor; 2]| Ok([hold(weight)?, hold(bias)?]);
        Ok(Self(tensors.iter().map(both).collect::<Result<_>>()?))
    }

    pub(super) fn slices(&self) -> Parts<&[f32]> {
        std::array::from_fn(|part| [&*self.0[part][0], &*self.0[part][1]])
    }
}

impl<T: Cell> Workspace<T> {
    /// The buffers for packed weights.
    pub(super) fn packs(&mut self) -> Packs {
        self.packs.take().unwrap_or_else(|| Packs::empty(T::PRECISION))
    }
}
