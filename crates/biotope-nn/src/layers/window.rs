//! Windows that slide over images.

use candle_core::Tensor;

use crate::Result;
use crate::error::shape;
use crate::kernels::unfold::Slide;

/// A window that slides over images; pairs are of the vertical and the horizontal axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height and width.
    pub kernel: [usize; 2],
    /// Steps from one place to the next.
    pub stride: [usize; 2],
    /// Lines of zeros around the image, on each side.
    pub padding: [usize; 2],
    /// Distance of the window's taps; 1: neighbours.
    pub dilation: [usize; 2],
}

impl Window {
    /// A window that moves by single steps over an image without padding.
    pub fn new(kernel: [usize; 2]) -> Self {
        Self { kernel, stride: [1; 2], padding: [0; 2], dilation: [1; 2] }
    }

    /// With these steps.
    #[must_use]
    pub fn stride(self, stride: [usize; 2]) -> Self {
        Self { stride, ..self }
    }

    /// With so many lines of padding.
    #[must_use]
    pub fn padding(self, padding: [usize; 2]) -> Self {
        Self { padding, ..self }
    }

    /// With taps this far apart.
    #[must_use]
    pub fn dilation(self, dilation: [usize; 2]) -> Self {
        Self { dilation, ..self }
    }

    /// Numbers under the window.
    pub(crate) fn area(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Lines from the window's first tap to its last.
    pub(crate) fn reach(&self, axis: usize) -> usize {
        self.dilation[axis] * (self.kernel[axis] - 1) + 1
    }

    pub(crate) fn check(&self) -> Result<()> {
        if [self.kernel, self.stride, self.dilation].iter().flatten().all(|size| *size > 0) {
            return Ok(());
        }
        Err(shape("window", "kernel, stride and dilation of at least 1", format!("{self:?}")))
    }

    /// The window over planes of a size; `what` says whose, in messages.
    pub(crate) fn over(&self, what: &str, input: [usize; 2]) -> Result<Slide> {
        self.check()?;
        let places = |axis: usize| {
            let room = (input[axis] + 2 * self.padding[axis]).checked_sub(self.reach(axis))?;
            Some(room / self.stride[axis] + 1)
        };
        let (Some(height), Some(width)) = (places(0), places(1)) else {
            let (least, [h, w]) = ([self.reach(0), self.reach(1)], self.padding);
            return Err(shape(
                what,
                format!("at least {least:?} with a padding of [{h}, {w}]"),
                format!("{input:?}"),
            ));
        };
        let &Self { kernel, stride, padding, dilation } = self;
        Ok(Slide { kernel, stride, padding, dilation, input, output: [height, width] })
    }
}

impl Slide {
    /// Index, within a padded plane, of each tap at each place: `[area · places]`. For composites.
    pub(crate) fn indices(&self, like: &Tensor) -> Result<Tensor> {
        let width = self.padded()[1];
        let mut all = Vec::with_capacity(self.area() * self.places());
        for tap in 0..self.area() {
            let (y, x) = (tap / self.kernel[1] * self.dilation[0], tap % self.kernel[1] * self.dilation[1]);
            for place in 0..self.places() {
                let (row, column) = (place / self.output[1], place % self.output[1]);
                all.push(((row * self.stride[0] + y) * width + column * self.stride[1] + x) as u32);
            }
        }
        Ok(Tensor::new(all, like.device())?)
    }

    /// Size of a padded plane.
    pub(crate) fn padded(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.input[axis] + 2 * self.padding[axis])
    }

    /// `[batch, channels, height, width]` to `[batch, channels, area, places]`, `fill` outside of the planes.
    pub(crate) fn unfolded(&self, x: &Tensor, fill: f64) -> Result<Tensor> {
        let (batch, channels, ..) = x.dims4()?;
        let [height, width] = self.padded();
        let mut x = x.clone();
        for axis in [0, 1] {
            let mut dims = x.dims().to_vec();
            dims[axis + 2] = self.padding[axis];
            let edge = (Tensor::ones(dims, x.dtype(), x.device())? * fill)?;
            x = Tensor::cat(&[&edge, &x, &edge], axis + 2)?;
        }
        let flat = x.reshape((batch, channels, height * width))?.contiguous()?;
        let taken = flat.index_select(&self.indices(&x)?, 2)?;
        Ok(taken.reshape((batch, channels, self.area(), self.places()))?)
    }
}
