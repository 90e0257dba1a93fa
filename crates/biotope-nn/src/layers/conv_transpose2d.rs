//! Transposed two-dimensional convolution (Zeiler et al. 2010): each input number paints a window of the output.

use candle_core::Tensor;
use candle_nn::VarBuilder;

use super::backend::fused;
use super::conv2d::Conv2dConfig;
use super::convolution::convolution;
use super::epilogue;
use super::init::uniform;
use crate::error::shape;
use crate::kernels::convolve::Convolve;
use crate::kernels::unfold::Slide;
use crate::{Mode, Result};

/// The transpose of a convolution (its gradient), with bias and activation; parameters
/// `weight [inputs, outputs / groups, height, width]`, `bias [outputs]`, as in `PyTorch`.
#[derive(Clone, Debug)]
pub struct ConvTranspose2d {
    weight: Tensor,
    bias: Tensor,
    config: Conv2dConfig,
    output_padding: [usize; 2],
}

impl ConvTranspose2d {
    /// `output_padding` adds lines at the bottom and right, fewer than stride or dilation: several sizes shrink to one
    /// under a stride, and this says which of them comes back. Initialised as in `PyTorch`.
    pub fn new(config: Conv2dConfig, output_padding: [usize; 2], vb: &VarBuilder) -> Result<Self> {
        config.check()?;
        let window = config.window;
        if (0..2).any(|axis| output_padding[axis] >= window.stride[axis].max(window.dilation[axis])) {
            let expected = format!("less than stride {:?} or dilation {:?}", window.stride, window.dilation);
            return Err(shape("output padding", expected, format!("{output_padding:?}")));
        }
        let (share, [height, width]) = (config.outputs / config.groups, window.kernel);
        let init = uniform(share * window.area());
        let weight = vb.get_with_hints((config.inputs, share, height, width), "weight", init)?;
        let bias = vb.get_with_hints(config.outputs, "bias", init)?;
        Ok(Self { weight, bias, config, output_padding })
    }

    /// `[batch, inputs, height, width]` to `[batch, outputs, ..]`: `(height - 1) stride - 2 padding + reach + output
    /// padding` lines, and columns alike.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let Conv2dConfig { inputs, outputs, groups, activation, .. } = self.config;
        let (batch, channels, height, width) = x.dims4()?;
        if channels != inputs {
            let expected = format!("[batch, {inputs}, ..]");
            return Err(shape("transposed convolution", expected, format!("{:?}", x.dims())));
        }
        let slide = self.slide([height, width])?;
        let (weight, bias) = (mode.param(&self.weight), mode.param(&self.bias));
        if !fused(&[x, &weight, &bias]) {
            let painted = self.paint(x, &weight, slide)?;
            return epilogue::composite(&painted, &bias, activation);
        }
        // The convolution whose transpose this is goes from our outputs to our inputs.
        let convolve = Convolve { slide, batch, inputs: outputs, outputs: inputs, groups };
        convolution::<true>(convolve, activation, [x, &weight, &bias])
    }

    /// The window over the output, whose places are the numbers of an input plane of this size.
    fn slide(&self, places: [usize; 2]) -> Result<Slide> {
        let window = self.config.window;
        let side = |axis: usize| {
            let painted = (places[axis].checked_sub(1)?) * window.stride[axis] + window.reach(axis);
            (painted + self.output_padding[axis])
                .checked_sub(2 * window.padding[axis])
                .filter(|side| *side > 0)
        };
        let (Some(height), Some(width)) = (side(0), side(1)) else {
            let expected = format!("planes that a padding of {:?} leaves something of", window.padding);
            return Err(shape("transposed convolution", expected, format!("{places:?}")));
        };
        Ok(Slide { output: places, ..window.over("transposed convolution", [height, width])? })
    }

    /// With candle's operations.
    fn paint(&self, x: &Tensor, weight: &Tensor, slide: Slide) -> Result<Tensor> {
        let Conv2dConfig { inputs, outputs, groups, .. } = self.config;
        let (batch, places) = (x.dims4()?.0, slide.places());
        let x = x.reshape((batch, groups, inputs / groups, places))?;
        let weight = weight.reshape((1, groups, inputs / groups, ()))?.transpose(2, 3)?.contiguous()?;
        let windows = weight.broadcast_matmul(&x)?.reshape((batch, outputs, slide.area() * places))?;
        let [height, width] = slide.padded();
        let canvas = Tensor::zeros((batch, outputs, height * width), windows.dtype(), windows.device())?;
        let canvas = canvas.index_add(&slide.indices(&windows)?, &windows, 2)?;
        let canvas = canvas.reshape((batch, outputs, height, width))?;
        let [top, left] = slide.padding;
        Ok(canvas.narrow(2, top, slide.input[0])?.narrow(3, left, slide.input[1])?)
    }
}
