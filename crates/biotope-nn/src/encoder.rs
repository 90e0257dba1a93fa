//! A stack of transformer blocks (Vaswani et al. 2017; normalisation behind each part, as in BERT) over packed sequences.
//!
//! On a CPU the whole stack is one operation: forward and backward run block by block on buffers that are used again, with
//! all products through one door and everything else in their epilogues. Only its input and its output are candle's;
//! gradients of the parameters come as [`DirectGrad`]. Elsewhere, and with [`with_layers`], the blocks are made of
//! [`crate::layers`]. Both ways give the same numbers up to rounding.

mod backward;
mod block;
mod forward;
mod frozen;
mod op;
mod workspace;

use std::cell::Cell;

use candle_core::Tensor;
use candle_nn::VarBuilder;
use candle_nn::init::Init;

pub use self::block::Block;
pub use self::frozen::{Embeddings, Head, freeze};

use self::op::Pool;
use crate::layers::{Activation, backend, pooling};
use crate::{DirectGrad, Mode, Precision, Result};

/// Sizes and rates of a stack.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Width of a token.
    pub hidden: usize,
    /// Heads of attention; they share the width.
    pub heads: usize,
    /// Width inside the feed-forward part.
    pub inner: usize,
    /// Activation inside the feed-forward part: `Gelu` or `Relu`.
    pub activation: Activation,
    /// What the normalisations add to the variance.
    pub eps: f64,
    /// Share dropped behind attention and feed-forward part.
    pub dropout: f64,
    /// Share of attention probabilities dropped.
    pub attention_dropout: f64,
    /// How fresh weights are drawn; biases start at 0.
    pub init: Init,
}

/// The stack.
#[derive(Clone, Debug)]
pub struct Encoder {
    shape: Shape,
    blocks: Vec<Block>,
    pool: Pool,
}

thread_local! {
    static LAYERS: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` with stacks made of single layers, on this thread: for tests that hold both ways against each other.
#[doc(hidden)]
pub fn with_layers<T>(work: impl FnOnce() -> T) -> T {
    let before = LAYERS.replace(true);
    let result = work();
    LAYERS.set(before);
    result
}

impl Encoder {
    /// `count` blocks, whose parameters are named as in Hugging Face's BERT under `vb`'s `0`, `1`, ….
    pub fn new(shape: &Shape, count: usize, vb: &VarBuilder) -> Result<Self> {
        let blocks = (0..count).map(|index| Block::new(shape, &vb.pp(index)));
        Ok(Self { shape: shape.clone(), blocks: blocks.collect::<Result<_>>()?, pool: Pool::default() })
    }

    /// `x [tokens, hidden]` to the same or, with `first_only`, to the first token of each sequence
    /// `[sequences, hidden]`: then the last block does not finish the others.
    pub fn forward(
        &self,
        x: &Tensor,
        offsets: &[usize],
        first_only: bool,
        mode: Mode,
        direct: &mut Vec<DirectGrad>,
    ) -> Result<Tensor> {
        let learns = mode.seed().is_some();
        let fast = backend::fused(&[x]) && self.blocks.iter().all(Block::is_plain);
        if LAYERS.get() || !fast || (learns && !x.track_op()) || self.blocks.is_empty() {
            return self.by_layers(x, offsets, first_only, mode);
        }
        match mode.precision() {
            Precision::F32 => op::run::<f32>(self, x, offsets, first_only, mode, direct),
            _ => op::run::<u16>(self, x, offsets, first_only, mode, direct),
        }
    }

    fn by_layers(&self, x: &Tensor, offsets: &[usize], first_only: bool, mode: Mode) -> Result<Tensor> {
        let mut x = x.clone();
        for (index, block) in self.blocks.iter().enumerate() {
            x = block.forward(&x, offsets, first_only && index + 1 == self.blocks.len(), mode)?;
        }
        if first_only && self.blocks.is_empty() { pooling::first(&x, offsets) } else { Ok(x) }
    }
}
