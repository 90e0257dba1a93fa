//! Passes over the channels of images `[batch, channels, plane]`; a plane of one number is a column of rows.

use super::gemm::each;
use super::isa::versions;
use super::passes::{self, sum};

/// Channels of a task.
const CHANNELS: usize = 16;

/// What is summed over a channel.
#[derive(Clone, Copy)]
pub(crate) enum Term<'a> {
    /// `Σ x`.
    Value(&'a [f32]),
    /// `Σ (x - mean)²`.
    Square(&'a [f32], &'a [f32]),
    /// `Σ g (x - mean)`.
    Product(&'a [f32], &'a [f32], &'a [f32]),
}

/// Sums of each channel, images in order.
pub(crate) fn sums(term: Term<'_>, [batch, channels, plane]: [usize; 3]) -> Vec<f32> {
    let mut out = vec![0.0; channels];
    let parallel = batch * channels * plane > 1 << 15;
    each(parallel, out.chunks_mut(CHANNELS).enumerate(), |(index, out)| {
        let first = index * CHANNELS;
        for image in 0..batch {
            if plane == 1 {
                add_row(out, term, image * channels + first, first);
                continue;
            }
            for (channel, out) in (first..).zip(out.iter_mut()) {
                *out += plane_sum(term, (image * channels + channel) * plane, plane, channel);
            }
        }
    });
    out
}

/// Adds a row's terms from position `at` and channel `first` on.
fn add_row(out: &mut [f32], term: Term<'_>, at: usize, first: usize) {
    let len = out.len();
    match term {
        Term::Value(x) => passes::add(out, &x[at..][..len]),
        Term::Square(x, mean) => add_squares(out, &x[at..][..len], &mean[first..][..len]),
        Term::Product(g, x, mean) => {
            add_products(out, &g[at..][..len], &x[at..][..len], &mean[first..][..len]);
        }
    }
}

fn plane_sum(term: Term<'_>, at: usize, len: usize, channel: usize) -> f32 {
    match term {
        Term::Value(x) => sum_values(&x[at..][..len]),
        Term::Square(x, mean) => sum_squares(&x[at..][..len], mean[channel]),
        Term::Product(g, x, mean) => sum_products(&g[at..][..len], &x[at..][..len], mean[channel]),
    }
}

/// `out = a x + b (y - m) + c`, with `[a, b, m, c]` per channel.
pub(crate) fn combine(
    out: &mut [f32],
    x: &[f32],
    y: &[f32],
    factors: &[[f32; 4]],
    [channels, plane]: [usize; 2],
) {
    let width = channels * plane;
    passes::rows(out, width, |first, out| {
        for (image, out) in (first..).zip(out.chunks_exact_mut(width)) {
            let (x, y) = (&x[image * width..][..width], &y[image * width..][..width]);
            if plane == 1 {
                combine_row(out, x, y, factors);
                continue;
            }
            for (channel, out) in out.chunks_exact_mut(plane).enumerate() {
                let range = channel * plane..(channel + 1) * plane;
                combine_plane(out, &x[range.clone()], &y[range], factors[channel]);
            }
        }
    });
}

versions! {
    fn sum_values(x: &[f32]) -> f32 { sum(x.len(), |i| x[i]) }

    fn sum_squares(x: &[f32], mean: f32) -> f32 { sum(x.len(), |i| (x[i] - mean) * (x[i] - mean)) }

    fn sum_products(g: &[f32], x: &[f32], mean: f32) -> f32 {
        let x = &x[..g.len()];
        sum(g.len(), |i| g[i] * (x[i] - mean))
    }

    fn add_squares(out: &mut [f32], x: &[f32], mean: &[f32]) {
        for ((out, x), m) in out.iter_mut().zip(x).zip(mean) { *out += (x - m) * (x - m); }
    }

    fn add_products(out: &mut [f32], g: &[f32], x: &[f32], mean: &[f32]) {
        for (((out, g), x), m) in out.iter_mut().zip(g).zip(x).zip(mean) { *out += g * (x - m); }
    }

    fn combine_row(out: &mut [f32], x: &[f32], y: &[f32], factors: &[[f32; 4]]) {
        for (((out, x), y), [a, b, m, c]) in out.iter_mut().zip(x).zip(y).zip(factors) {
            *out = a * x + b * (y - m) + c;
        }
    }

    fn combine_plane(out: &mut [f32], x: &[f32], y: &[f32], factors: [f32; 4]) {
        let [a, b, m, c] = factors;
        for ((out, x), y) in out.iter_mut().zip(x).zip(y) { *out = a * x + b * (y - m) + c; }
    }

    /// `y += shift`.
    fn shift(y: &mut [f32], shift: f32) {
        for y in y { *y += shift; }
    }
}
