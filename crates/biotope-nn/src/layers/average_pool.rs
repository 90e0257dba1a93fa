//! Average pooling with any window (for the mean of a whole sequence see [`super::pooling::mean`]).

use candle_core::Tensor;

use super::Window;
use super::backend::fused;
use super::max_pool::{along, over};
use super::operation::{Argument, Gradients, Numbers, Operation, apply1};
use crate::Result;
use crate::kernels::gemm::each;
use crate::kernels::host::gradient;
use crate::kernels::unfold::Slide;

/// Mean under each place of a window: `[batch, channels, height, width]` to `[batch, channels, ..]`.
/// `count_padding` says whether the zeros of the padding count (`PyTorch`'s `count_include_pad`, there by default true).
pub fn average_pool2d(x: &Tensor, window: Window, count_padding: bool) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let slide = over(window, "average pooling", [height, width])?;
    let op = Fused { slide, count_padding };
    if fused(&[x]) {
        return apply1(op, x);
    }
    let sums = slide.unfolded(x, 0.0)?.sum(2)?; // [batch, channels, places]
    let factors: Vec<f32> = (0..slide.places()).map(|place| op.factor(place)).collect();
    let means = sums.broadcast_mul(&Tensor::new(factors, x.device())?.to_dtype(x.dtype())?)?;
    Ok(means.reshape((batch, channels, slide.output[0], slide.output[1]))?)
}

/// As [`average_pool2d`] along one axis: `[batch, channels, length]` to `[batch, channels, ..]`.
pub fn average_pool1d(
    x: &Tensor,
    [kernel, stride, padding]: [usize; 3],
    count_padding: bool,
) -> Result<Tensor> {
    Ok(average_pool2d(&x.unsqueeze(2)?, along(kernel, stride, padding), count_padding)?.squeeze(2)?)
}

struct Fused {
    slide: Slide,
    count_padding: bool,
}

impl Fused {
    /// One over the numbers that count at a place.
    fn factor(&self, place: usize) -> f32 {
        let Slide { kernel, output, .. } = self.slide;
        let place = [place / output[1], place % output[1]];
        let inside = |axis: usize| {
            let taps = 0..kernel[axis];
            taps.filter(|tap| self.slide.span(axis, *tap).0.contains(&place[axis])).count()
        };
        let count = if self.count_padding { self.slide.area() } else { inside(0) * inside(1) };
        1.0 / count as f32
    }

    /// Means from planes to places, or gradients back.
    fn run(&self, x: &[f32], back: bool) -> Vec<f32> {
        let (plane, places) = (self.slide.plane(), self.slide.places());
        let (from, to) = if back { (places, plane) } else { (plane, places) };
        let factors: Vec<f32> = (0..places).map(|place| self.factor(place)).collect();
        let mut out = vec![0.0; x.len() / from * to];
        let parallel = x.len().max(out.len()) > 1 << 15;
        each(parallel, out.chunks_exact_mut(to).zip(x.chunks_exact(from)), |(out, x)| {
            if back {
                self.slide.visit(|place, at| out[at] += factors[place] * x[place]);
            } else {
                self.slide.visit(|place, at| out[place] += x[at]);
                for (out, factor) in out.iter_mut().zip(&factors) {
                    *out *= factor;
                }
            }
        });
        out
    }
}

impl Operation<1> for Fused {
    const NAME: &'static str = "average-pool";

    fn output(&self, [x]: [Argument<'_>; 1]) -> Numbers {
        let ((batch, channels, ..), [height, width]) = (x.shape.dims4()?, self.slide.output);
        Ok((self.run(x.values, false), (batch, channels, height, width).into()))
    }

    fn gradients(&self, [x]: [&Tensor; 1], _: &Tensor, grad: &[f32]) -> Gradients<1> {
        Ok([gradient(x, || Ok(self.run(grad, true)))?])
    }
}
