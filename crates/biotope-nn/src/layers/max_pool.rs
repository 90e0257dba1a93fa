//! Maximum pooling with any window (for the maximum over a whole sequence see [`super::pooling::max`]).

use std::sync::OnceLock;

use candle_core::Tensor;

use super::Window;
use super::backend::fused;
use super::operation::{Argument, Gradients, Numbers, Operation, apply1};
use crate::Result;
use crate::error::shape;
use crate::kernels::gemm::each;
use crate::kernels::host::gradient;
use crate::kernels::unfold::Slide;

/// Largest number under each place of a window: `[batch, channels, height, width]` to `[batch, channels, ..]`. The
/// padding is never the largest. The gradient goes to the first of equals.
pub fn max_pool2d(x: &Tensor, window: Window) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let slide = over(window, "max pooling", [height, width])?;
    if fused(&[x]) {
        return apply1(Fused { slide, winners: OnceLock::new() }, x);
    }
    let windows = slide.unfolded(x, f64::NEG_INFINITY)?;
    let best = windows.gather(&windows.detach().argmax_keepdim(2)?, 2)?;
    Ok(best.reshape((batch, channels, slide.output[0], slide.output[1]))?)
}

/// As [`max_pool2d`] along one axis: `[batch, channels, length]` to `[batch, channels, ..]`.
pub fn max_pool1d(x: &Tensor, kernel: usize, stride: usize, padding: usize) -> Result<Tensor> {
    Ok(max_pool2d(&x.unsqueeze(2)?, along(kernel, stride, padding))?.squeeze(2)?)
}

/// A window over planes of one line.
pub(super) fn along(kernel: usize, stride: usize, padding: usize) -> Window {
    Window::new([1, kernel]).stride([1, stride]).padding([0, padding])
}

/// A pooling window; as in `PyTorch` its padding is at most half of it, so that it always sees something.
pub(super) fn over(window: Window, what: &str, input: [usize; 2]) -> Result<Slide> {
    let slide = window.over(what, input)?;
    if (0..2).any(|axis| 2 * window.padding[axis] > window.kernel[axis]) {
        let expected = format!("at most half of the window {:?}", window.kernel);
        return Err(shape(format!("padding of {what}"), expected, format!("{:?}", window.padding)));
    }
    Ok(slide)
}

struct Fused {
    slide: Slide,
    /// Where in its plane each maximum lies.
    winners: OnceLock<Vec<u32>>,
}

impl Fused {
    fn forward(&self, x: &[f32]) -> Vec<f32> {
        let (plane, places) = (self.slide.plane(), self.slide.places());
        let len = x.len() / plane * places;
        let (mut out, mut winners) = (vec![f32::NEG_INFINITY; len], vec![u32::MAX; len]);
        let planes = out.chunks_exact_mut(places).zip(winners.chunks_exact_mut(places));
        each(x.len() > 1 << 15, planes.zip(x.chunks_exact(plane)), |((out, winners), x)| {
            self.plane(x, out, winners);
        });
        self.winners.set(winners).ok();
        out
    }

    /// Tap by tap, in their order, so that the first of equals wins. A number that is none wins over all, as in `PyTorch`.
    fn plane(&self, x: &[f32], out: &mut [f32], winners: &mut [u32]) {
        self.slide.visit(|place, at| {
            if winners[place] == u32::MAX || x[at] > out[place] || x[at].is_nan() {
                (out[place], winners[place]) = (x[at], at as u32);
            }
        });
    }
}

impl Operation<1> for Fused {
    const NAME: &'static str = "max-pool";

    fn output(&self, [x]: [Argument<'_>; 1]) -> Numbers {
        let ((batch, channels, ..), [height, width]) = (x.shape.dims4()?, self.slide.output);
        Ok((self.forward(x.values), (batch, channels, height, width).into()))
    }

    fn gradients(&self, [x]: [&Tensor; 1], _: &Tensor, grad: &[f32]) -> Gradients<1> {
        let (plane, places) = (self.slide.plane(), self.slide.places());
        let winners = self.winners.get().map_or(&[][..], Vec::as_slice);
        let dx = gradient(x, || {
            let mut out = vec![0.0; x.elem_count()];
            let parallel = out.len() > 1 << 15;
            let places = winners.chunks_exact(places).zip(grad.chunks_exact(places));
            each(parallel, out.chunks_exact_mut(plane).zip(places), |(out, (winners, grad))| {
                for (winner, g) in winners.iter().zip(grad) {
                    out[*winner as usize] += g;
                }
            });
            Ok(out)
        })?;
        Ok([dx])
    }
}
