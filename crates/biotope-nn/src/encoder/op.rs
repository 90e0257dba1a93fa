//! The stack as one operation in candle's graph.

use std::sync::{Mutex, PoisonError};

use candle_core::{Device, Tensor};

use super::backward::{Back, Grads};
use super::block::Parts;
use super::forward::{Stream, Weights, block};
use super::workspace::{Holding, Noises, Sizes, Workspace, fit};
use super::{Encoder, Shape};
use crate::error::shape;
use crate::kernels::cell::Cell;
use crate::layers::Activation;
use crate::layers::operation::{Argument, Gradients, Numbers, Operation, apply1};
use crate::whole::Spare;
use crate::{DirectGrad, Mode, Result};

/// Workspaces that wait for the next pass.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    f32: Spare<Workspace<f32>>,
    bf16: Spare<Workspace<u16>>,
}

/// Numbers that a pool has workspaces for.
pub(super) trait Pooled: Cell {
    fn spare(pool: &Pool) -> &Spare<Workspace<Self>>;
}

impl Pooled for f32 {
    fn spare(pool: &Pool) -> &Spare<Workspace<f32>> {
        &pool.f32
    }
}

impl Pooled for u16 {
    fn spare(pool: &Pool) -> &Spare<Workspace<u16>> {
        &pool.bf16
    }
}

/// Runs the stack; places for the gradients go to `direct` if it learns.
pub(super) fn run<T: Pooled>(
    encoder: &Encoder,
    x: &Tensor,
    offsets: &[usize],
    first_only: bool,
    mode: Mode,
    direct: &mut Vec<DirectGrad>,
) -> Result<Tensor> {
    let (tokens, width) = x.dims2()?;
    if offsets.last() != Some(&tokens) || width != encoder.shape.hidden {
        let expected = format!("[{:?}, {}]", offsets.last(), encoder.shape.hidden);
        return Err(shape("encoder input", expected, format!("{:?}", x.dims())));
    }
    let spare = T::spare(&encoder.pool).clone();
    let space = spare.take();
    let places = |names: &Parts<String>| names.each_ref().map(|pair| pair.each_ref().map(DirectGrad::new));
    let learns = mode.seed().is_some();
    let places: Vec<_> =
        encoder.blocks.iter().filter(|_| learns).map(|block| places(block.names())).collect();
    direct.extend(places.iter().flatten().flatten().cloned());
    let op = Stack::<T> {
        shape: encoder.shape.clone(),
        tensors: encoder
            .blocks
            .iter()
            .map(|block| block.tensors().map(|pair| pair.map(Tensor::clone)))
            .collect(),
        noises: encoder
            .blocks
            .iter()
            .map(|block| block.dropouts().map(|dropout| dropout.noise(mode)))
            .collect(),
        offsets: offsets.to_vec(),
        first_only,
        places,
        spare,
        space: Mutex::new(Some(space)),
    };
    apply1(op, x)
}

struct Stack<T: Pooled> {
    shape: Shape,
    tensors: Vec<Parts<Tensor>>,
    noises: Vec<Noises>,
    offsets: Vec<usize>,
    first_only: bool,
    /// Where the gradients go; none if it does not learn.
    places: Vec<Parts<DirectGrad>>,
    spare: Spare<Workspace<T>>,
    space: Mutex<Option<Workspace<T>>>,
}

impl Shape {
    /// Sizes of a pass over one block.
    pub(super) fn sizes<'a>(&self, offsets: &'a [usize], first_only: bool) -> Sizes<'a> {
        let (hidden, inner, heads) = (self.hidden, self.inner, self.heads);
        let relu = self.activation == Activation::Relu;
        Sizes { offsets, hidden, inner, heads, eps: self.eps as f32, relu, first_only }
    }
}

impl<T: Pooled> Stack<T> {
    fn sizes(&self, index: usize) -> Sizes<'_> {
        self.shape.sizes(&self.offsets, self.first_only && index + 1 == self.tensors.len())
    }

    fn learns(&self) -> bool {
        !self.places.is_empty()
    }

    fn forward(&self, x: &[f32], space: &mut Workspace<T>) -> candle_core::Result<Vec<f32>> {
        let mut packs = space.packs();
        let all = x.len();
        // First tokens of empty texts are rows, too.
        let most = all.max(self.sizes(0).sequences() * self.shape.hidden);
        space.saved.resize_with(if self.learns() { self.tensors.len() } else { 1 }, Default::default);
        fit(&mut space.x, all).copy_from_slice(x);
        T::store(fit(&mut space.saved[0].x, all), x);
        for (index, tensors) in self.tensors.iter().enumerate() {
            let held = Holding::new(tensors)?;
            packs.forward(&held.slices(), [self.shape.hidden, self.shape.inner]);
            let weights = Weights { packs: &packs, parts: held.slices() };
            let (x, s) = (fit(&mut space.x, most), fit(&mut space.s, most));
            let mut stream = Stream { x, s, next: &mut space.next };
            let at = index.min(space.saved.len() - 1);
            let (noises, learns) = (self.noises[index], self.learns());
            block(&weights, &self.sizes(index), noises, &mut space.saved[at], &mut stream, learns);
            if index + 1 < self.tensors.len() {
                let next = (index + 1).min(space.saved.len() - 1);
                std::mem::swap(&mut space.next, &mut space.saved[next].x);
            }
        }
        space.packs = Some(packs);
        let rows = self.sizes(self.tensors.len() - 1).rows();
        Ok(space.x[..rows * self.shape.hidden].to_vec())
    }

    /// The gradient of the input; those of the parameters go to their places.
    fn backward(&self, grad: &[f32], space: &mut Workspace<T>) -> candle_core::Result<Vec<f32>> {
        let mut packs = space.packs();
        let Workspace { saved, flow, x: g, s, .. } = space;
        fit(g, grad.len()).copy_from_slice(grad);
        for (index, tensors) in self.tensors.iter().enumerate().rev() {
            let held = Holding::new(tensors)?;
            packs.backward(&held.slices(), [self.shape.hidden, self.shape.inner]);
            let (sizes, noises) = (self.sizes(index), self.noises[index]);
            let back = Back { packs: &packs, parts: held.slices(), sizes, noises, saved: &saved[index] };
            let grads = back.block(g, s, flow);
            self.leave(index, grads)?;
        }
        space.packs = Some(packs);
        let tokens = self.sizes(0).tokens();
        Ok(space.x[..tokens * self.shape.hidden].to_vec())
    }

    fn leave(&self, index: usize, grads: Grads) -> candle_core::Result<()> {
        let places = self.places[index].iter().flatten().zip(self.tensors[index].iter().flatten());
        for ((place, tensor), grad) in places.zip(grads.into_iter().flatten()) {
            place.set(Tensor::from_vec(grad, tensor.shape(), &Device::Cpu)?);
        }
        Ok(())
    }

    fn with_space<R>(
        &self,
        work: impl FnOnce(&mut Workspace<T>) -> candle_core::Result<R>,
    ) -> candle_core::Result<R> {
        match self.space.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(space) => work(space),
            None => candle_core::bail!("the encoder's buffers were given back"),
        }
    }
}

impl<T: Pooled> Drop for Stack<T> {
    fn drop(&mut self) {
        if let Some(space) = self.space.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            self.spare.give(space);
        }
    }
}

impl<T: Pooled> Operation<1> for Stack<T> {
    const NAME: &'static str = "encoder";

    fn output(&self, [x]: [Argument<'_>; 1]) -> Numbers {
        let out = self.with_space(|space| self.forward(x.values, space))?;
        let rows = out.len() / self.shape.hidden;
        Ok((out, (rows, self.shape.hidden).into()))
    }

    fn gradients(&self, [x]: [&Tensor; 1], _: &Tensor, grad: &[f32]) -> Gradients<1> {
        let dx = self.with_space(|space| self.backward(grad, space))?;
        Ok([Some(Tensor::from_vec(dx, x.shape(), x.device())?)])
    }
}
