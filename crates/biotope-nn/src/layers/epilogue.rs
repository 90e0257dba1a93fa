//! What follows a convolution: a bias per channel and an activation.

use std::sync::OnceLock;

use candle_core::Tensor;

use super::Activation;
use crate::Result;
use crate::kernels::{passes, planes, scratch};

/// Bias and activation of one pass.
pub(crate) struct Epilogue {
    activation: Activation,
    learns: bool,
    /// The derivative at each output, of activations whose value does not tell it.
    slopes: OnceLock<Vec<f32>>,
}

impl Epilogue {
    /// For a pass over these inputs and parameters.
    pub(crate) fn new(activation: Activation, inputs: &[&Tensor]) -> Self {
        Self { activation, learns: inputs.iter().any(|tensor| tensor.track_op()), slopes: OnceLock::new() }
    }

    /// A place for slopes, as long as the output or empty.
    pub(crate) fn side(&self, len: usize) -> Vec<f32> {
        vec![0.0; if self.learns && self.activation.keeps_slopes() { len } else { 0 }]
    }

    pub(crate) fn keep(&self, side: Vec<f32>) {
        self.slopes.set(side).ok();
    }

    /// Finishes one image.
    pub(crate) fn run(&self, image: &mut [f32], side: &mut [f32], bias: &[f32]) {
        let plane = image.len() / bias.len().max(1);
        for (image, bias) in image.chunks_exact_mut(plane.max(1)).zip(bias) {
            planes::shift(image, *bias);
        }
        self.activation.run(image, side);
    }

    /// Runs `work` on the gradient before the activation.
    pub(crate) fn back<T>(&self, grad: &[f32], y: &[f32], work: impl FnOnce(&[f32]) -> T) -> T {
        if self.activation == Activation::Identity {
            return work(grad);
        }
        let slopes = self.slopes.get().map_or(&[][..], Vec::as_slice);
        scratch::with(grad.len(), |inner| {
            passes::rows(inner, 1, |first, inner| {
                let range = first..first + inner.len();
                let kept = if slopes.is_empty() { slopes } else { &slopes[range.clone()] };
                self.activation.back(inner, &grad[range.clone()], &y[range], kept);
            });
            work(inner)
        })
    }
}

/// The same with candle's operations, for `y [batch, channels, height, width]`.
pub(crate) fn composite(y: &Tensor, bias: &Tensor, activation: Activation) -> Result<Tensor> {
    activation.apply(&y.broadcast_add(&bias.reshape((1, (), 1, 1))?)?)
}
