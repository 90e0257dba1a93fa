//! Two-dimensional convolutions as products over unfolded windows, image by image.

use std::iter;
use std::ops::Range;

use super::gemm::{Mat, each, serial};
use super::scratch;
use super::unfold::Slide;

/// Numbers that a block of unfolded windows may have: half a megabyte, which stays in the second-level cache. Blocks of
/// a quarter of that took a seventh longer, as their products are narrow.
const BLOCK: usize = 1 << 17;
/// Parts that the gradient of the weights is summed in, whatever the number of threads.
const PARTS: usize = 8;

/// From images `[batch, inputs, height, width]` to images `[batch, outputs, ..]`, with weights
/// `[outputs, inputs / groups, kernel]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Convolve {
    pub(crate) slide: Slide,
    pub(crate) batch: usize,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) groups: usize,
}

impl Convolve {
    fn input_len(&self) -> usize {
        self.inputs * self.slide.plane()
    }

    fn output_len(&self) -> usize {
        self.outputs * self.slide.places()
    }

    /// Numbers that one output sees.
    fn seen(&self) -> usize {
        self.inputs / self.groups * self.slide.area()
    }

    /// Outputs of a group.
    fn share(&self) -> usize {
        self.outputs / self.groups
    }

    /// Rows of places, a block at a time, and the group that they are of.
    fn blocks(&self) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let [height, width] = self.slide.output;
        let step = (BLOCK / (self.seen() * width).max(1)).max(1);
        let groups = 0..self.groups;
        groups.flat_map(move |group| {
            (0..height).step_by(step).map(move |row| (group, row..(row + step).min(height)))
        })
    }

    /// The weights of a group.
    fn weights<'a>(&self, weight: &'a [f32], group: usize) -> Mat<'a> {
        let shape = [self.share(), self.seen()];
        Mat::new(&weight[group * shape[0] * shape[1]..][..shape[0] * shape[1]], shape)
    }

    /// The channels of a group in an input image.
    fn channels(&self, group: usize) -> Range<usize> {
        let len = self.inputs / self.groups * self.slide.plane();
        group * len..(group + 1) * len
    }

    /// Where a block begins in an output image.
    fn start(&self, group: usize, rows: &Range<usize>) -> usize {
        group * self.share() * self.slide.places() + rows.start * self.slide.output[1]
    }

    /// A block of an output image.
    fn block<'a>(&self, y: &'a [f32], group: usize, rows: &Range<usize>) -> Mat<'a> {
        let (start, shape) = (self.start(group, rows), [self.share(), rows.len() * self.slide.output[1]]);
        Mat::strided(&y[start..], shape, self.slide.places())
    }

    /// Windows of `x` times weights, then `after(image of y, image of side)`; `side` is as long as `y`, or empty.
    pub(crate) fn forward(
        &self,
        (y, side): (&mut [f32], &mut [f32]),
        x: &[f32],
        weight: &[f32],
        after: impl Fn(&mut [f32], &mut [f32]) + Sync + Send,
    ) {
        let images = y.chunks_mut(self.output_len().max(1)).zip(images(side, self.output_len()));
        each(self.batch > 1, images.zip(x.chunks(self.input_len().max(1))), |((y, side), x)| {
            for (group, rows) in self.blocks() {
                let places = rows.len() * self.slide.output[1];
                scratch::with(self.seen() * places, |columns| {
                    self.slide.unfold(columns, &x[self.channels(group)], &rows);
                    let columns = Mat::new(columns, [self.seen(), places]);
                    let start = self.start(group, &rows);
                    serial(&mut y[start..], self.slide.places(), self.weights(weight, group), columns, false);
                });
            }
            after(y, side);
        });
    }

    /// The transpose of [`Convolve::forward`]: from `y` to `x`, which is the gradient of `x` and a transposed
    /// convolution.
    pub(crate) fn transposed(
        &self,
        (x, side): (&mut [f32], &mut [f32]),
        y: &[f32],
        weight: &[f32],
        after: impl Fn(&mut [f32], &mut [f32]) + Sync + Send,
    ) {
        let images = x.chunks_mut(self.input_len().max(1)).zip(images(side, self.input_len()));
        each(self.batch > 1, images.zip(y.chunks(self.output_len().max(1))), |((x, side), y)| {
            x.fill(0.0);
            for (group, rows) in self.blocks() {
                let places = rows.len() * self.slide.output[1];
                scratch::with(self.seen() * places, |columns| {
                    let weight = self.weights(weight, group).t();
                    serial(columns, places, weight, self.block(y, group, &rows), false);
                    self.slide.fold(&mut x[self.channels(group)], columns, &rows);
                });
            }
            after(x, side);
        });
    }

    /// Gradient of the weights. Images are summed in at most [`PARTS`] parts, and those in order.
    pub(crate) fn back_weight(&self, x: &[f32], dy: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; self.outputs * self.seen()];
        let step = self.batch.div_ceil(PARTS).max(1);
        scratch::with(self.batch.div_ceil(step) * out.len(), |parts| {
            each(self.batch > 1, parts.chunks_mut(out.len().max(1)).enumerate(), |(index, part)| {
                part.fill(0.0);
                for image in index * step..((index + 1) * step).min(self.batch) {
                    let x = &x[image * self.input_len()..][..self.input_len()];
                    self.add_weight(part, x, &dy[image * self.output_len()..][..self.output_len()]);
                }
            });
            for part in parts.chunks_exact(out.len().max(1)) {
                super::passes::add(&mut out, part);
            }
        });
        out
    }

    fn add_weight(&self, out: &mut [f32], x: &[f32], dy: &[f32]) {
        for (group, rows) in self.blocks() {
            let places = rows.len() * self.slide.output[1];
            scratch::with(self.seen() * places, |columns| {
                self.slide.unfold(columns, &x[self.channels(group)], &rows);
                let columns = Mat::new(columns, [self.seen(), places]);
                let out = &mut out[group * self.share() * self.seen()..];
                serial(out, self.seen(), self.block(dy, group, &rows), columns.t(), true);
            });
        }
    }
}

/// Images of a side output that may be empty.
fn images(side: &mut [f32], len: usize) -> impl Iterator<Item = &mut [f32]> {
    side.chunks_mut(len.max(1)).chain(iter::repeat_with(Default::default))
}
