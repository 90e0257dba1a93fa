//! Two-dimensional convolution (`LeCun` et al. 1989) over images `[batch, channels, height, width]`.

use candle_core::Tensor;
use candle_nn::VarBuilder;

use super::backend::fused;
use super::convolution::convolution;
use super::epilogue;
use super::init::uniform;
use super::{Activation, Window};
use crate::error::shape;
use crate::kernels::convolve::Convolve;
use crate::{Mode, Result};

/// Shape of a [`Conv2d`].
#[derive(Clone, Copy, Debug)]
pub struct Conv2dConfig {
    /// Channels that come in.
    pub inputs: usize,
    /// Channels that go out: filters.
    pub outputs: usize,
    /// What a filter sees.
    pub window: Window,
    /// Groups of channels that do not see each other; both numbers of channels must be multiples of it.
    pub groups: usize,
    /// Applied at the end.
    pub activation: Activation,
}

impl Conv2dConfig {
    /// Checks the numbers that do not depend on an image.
    pub(crate) fn check(&self) -> Result<()> {
        self.window.check()?;
        let Self { inputs, outputs, groups, .. } = self;
        if *groups == 0 || !inputs.is_multiple_of(*groups) || !outputs.is_multiple_of(*groups) {
            let expected = format!("channels in and out that {groups} groups share");
            return Err(shape("convolution", expected, format!("[{inputs}, {outputs}]")));
        }
        Ok(())
    }
}

/// Filters over images, with bias and activation; parameters `weight [outputs, inputs / groups, height, width]`,
/// `bias [outputs]`, as in `PyTorch`.
#[derive(Clone, Debug)]
pub struct Conv2d {
    weight: Tensor,
    bias: Tensor,
    config: Conv2dConfig,
}

impl Conv2d {
    /// Initialised as `PyTorch` does: both uniform in ±1/√(numbers that a filter sees).
    pub fn new(config: Conv2dConfig, vb: &VarBuilder) -> Result<Self> {
        config.check()?;
        let (seen, [height, width]) = (config.inputs / config.groups, config.window.kernel);
        let init = uniform(seen * config.window.area());
        let weight = vb.get_with_hints((config.outputs, seen, height, width), "weight", init)?;
        let bias = vb.get_with_hints(config.outputs, "bias", init)?;
        Ok(Self { weight, bias, config })
    }

    /// `[batch, inputs, height, width]` to `[batch, outputs, ..]`: `(height + 2 padding - reach) / stride + 1` lines,
    /// rounded down, and columns alike.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let Conv2dConfig { inputs, outputs, window, groups, activation } = self.config;
        let (batch, channels, height, width) = x.dims4()?;
        if channels != inputs {
            return Err(shape("convolution", format!("[batch, {inputs}, ..]"), format!("{:?}", x.dims())));
        }
        let slide = window.over("convolution", [height, width])?;
        let (weight, bias) = (mode.param(&self.weight), mode.param(&self.bias));
        if !fused(&[x, &weight, &bias]) {
            let windows = slide.unfolded(x, 0.0)?.reshape((batch, groups, (), slide.places()))?;
            let weight = weight.reshape((1, groups, outputs / groups, ()))?;
            let y = weight.broadcast_matmul(&windows)?;
            let [height, width] = slide.output;
            return epilogue::composite(&y.reshape((batch, outputs, height, width))?, &bias, activation);
        }
        let convolve = Convolve { slide, batch, inputs, outputs, groups };
        convolution::<false>(convolve, activation, [x, &weight, &bias])
    }
}
