//! Two-dimensional convolution (`LeCun` et al. 1989) over images `[batch, channels, height, width]`.

use candle_core::{CpuStorage, CustomOp3, Layout, Shape, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::Init;

use super::backend::fused;
use super::epilogue::{self, Epilogue};
use super::{Activation, Window};
use crate::error::shape;
use crate::kernels::convolve::Convolve;
use crate::kernels::host::{gradient, hold, slice, stored};
use crate::kernels::planes::{Term, sums};
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

    /// `PyTorch`'s initialisation for weights that see so many numbers.
    pub(crate) fn init(seen: usize) -> Init {
        let edge = 1.0 / (seen.max(1) as f64).sqrt();
        Init::Uniform { lo: -edge, up: edge }
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
        let init = Conv2dConfig::init(seen * config.window.area());
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
        let epilogue = Epilogue::new(activation, &[x, &weight, &bias]);
        let op = Fused { convolve: Convolve { slide, batch, inputs, outputs, groups }, epilogue };
        Ok(x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)?)
    }
}

struct Fused {
    convolve: Convolve,
    epilogue: Epilogue,
}

impl CustomOp3 for Fused {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let Convolve { slide, batch, outputs, .. } = self.convolve;
        let bias = slice(bias, bias_layout)?;
        let mut y = vec![0.0; batch * outputs * slide.places()];
        let mut side = self.epilogue.side(y.len());
        let (x, weight) = (slice(x, x_layout)?, slice(weight, weight_layout)?);
        self.convolve.forward((&mut y, &mut side), x, weight, |y, side| self.epilogue.run(y, side, bias));
        self.epilogue.keep(side);
        stored(y, (batch, outputs, slide.output[0], slide.output[1]))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let Convolve { slide, batch, outputs, .. } = self.convolve;
        let grad = grad.contiguous()?;
        let (grad, y) = (hold(&grad)?, hold(y)?);
        self.epilogue.back(&grad, &y, |d| {
            let dx = gradient(x, || {
                let mut dx = vec![0.0; x.elem_count()];
                self.convolve.transposed((&mut dx, &mut []), d, &hold(weight)?, |_, _| {});
                Ok(dx)
            })?;
            let dw = gradient(weight, || Ok(self.convolve.back_weight(&hold(x)?, d)))?;
            let db = gradient(bias, || Ok(sums(Term::Value(d), [batch, outputs, slide.places()])))?;
            Ok((dx, dw, db))
        })
    }
}
