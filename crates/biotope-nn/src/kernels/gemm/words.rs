//! Numbers to words, along the inner dimension and across it.

use std::ops::Range;

use super::mat::Mat;
use crate::Precision;
use crate::kernels::isa::versions;
use crate::kernels::micro::Words;
use crate::kernels::passes::{from_bf16, round_bf16, to_bf16};
use crate::kernels::scratch::{self, Plain};

/// Kinds of numbers that an operand may have.
pub(super) trait Number: Plain {
    /// As bf16.
    fn to_bf16(out: &mut [u16], x: &[Self]);
    /// As `f32`.
    fn to_f32(out: &mut [f32], x: &[Self]);
    /// Words `out [words][width]` of pairs of rows of `x`, `stride` numbers apart, in bf16.
    fn pairs(out: &mut [u32], width: usize, x: &[Self], stride: usize, valid: usize);
}

impl Number for f32 {
    fn to_bf16(out: &mut [u16], x: &[Self]) {
        to_bf16(out, x);
    }

    fn to_f32(out: &mut [f32], x: &[Self]) {
        out.copy_from_slice(x);
    }

    fn pairs(out: &mut [u32], width: usize, x: &[Self], stride: usize, valid: usize) {
        pairs_f32(out, width, x, stride, valid);
    }
}

impl Number for u16 {
    fn to_bf16(out: &mut [u16], x: &[Self]) {
        out.copy_from_slice(x);
    }

    fn to_f32(out: &mut [f32], x: &[Self]) {
        from_bf16(out, x);
    }

    fn pairs(out: &mut [u32], width: usize, x: &[Self], stride: usize, valid: usize) {
        pairs_bf16(out, width, x, stride, valid);
    }
}

/// A row's numbers, side by side along the inner dimension, as words; `out` is padded with zeros.
pub(super) fn along<N: Number>(out: &mut [u32], x: &[N], words: Words, precision: Precision) {
    let whole = x.len().div_ceil(words.numbers());
    out[x.len() / words.numbers()..].fill(0);
    match words {
        Words::Bf16 => N::to_bf16(&mut scratch::words_as(&mut out[..whole])[..x.len()], x),
        _ => singles(scratch::words_as(&mut out[..whole]), x, precision),
    }
}

/// Numbers as `f32` words, rounded if the product is in bf16.
fn singles<N: Number>(out: &mut [f32], x: &[N], precision: Precision) {
    N::to_f32(out, x);
    if precision == Precision::Bf16 {
        round_bf16(out);
    }
}

/// Words `out [steps][width]` of a matrix `[k, n]` whose rows lie across the inner dimension: some columns of `x` over some
/// steps of words. What lies beyond the matrix is zero.
pub(super) fn across<N: Number>(
    out: &mut [u32],
    width: usize,
    x: Mat<'_, N>,
    (steps, columns): (Range<usize>, Range<usize>),
    (words, precision): (Words, Precision),
) {
    let (k, valid, numbers) = (x.shape[0], columns.len(), words.numbers());
    let whole = steps.start..(k / numbers).clamp(steps.start, steps.end);
    let (inside, beyond) = out.split_at_mut(whole.len() * width);
    beyond.fill(0);
    if valid < width {
        inside.fill(0);
    }
    if words == Words::Bf16 {
        let from = x.data.get(whole.start * 2 * x.strides[0] + columns.start..).unwrap_or_default();
        N::pairs(inside, width, from, x.strides[0], valid);
        if whole.end * 2 + 1 == k && whole.end < steps.end {
            let mut last = [0u16; super::door::WIDEST];
            N::to_bf16(&mut last[..valid], x.row(k - 1, columns));
            beyond.iter_mut().zip(&last[..valid]).for_each(|(word, low)| *word = u32::from(*low));
        }
    } else {
        for (out, step) in inside.chunks_exact_mut(width).zip(whole) {
            singles(scratch::words_as(&mut out[..valid]), x.row(step, columns.clone()), precision);
        }
    }
}

versions! {
    fn pairs_f32(out: &mut [u32], width: usize, x: &[f32], stride: usize, valid: usize) {
        for (step, out) in out.chunks_exact_mut(width).enumerate() {
            let (low, high) = (&x[2 * step * stride..][..valid], &x[(2 * step + 1) * stride..][..valid]);
            for ((out, low), high) in out[..valid].iter_mut().zip(low).zip(high) {
                *out = u32::from(crate::kernels::math::bf16(*low)) | u32::from(crate::kernels::math::bf16(*high)) << 16;
            }
        }
    }

    fn pairs_bf16(out: &mut [u32], width: usize, x: &[u16], stride: usize, valid: usize) {
        for (step, out) in out.chunks_exact_mut(width).enumerate() {
            let (low, high) = (&x[2 * step * stride..][..valid], &x[(2 * step + 1) * stride..][..valid]);
            for ((out, low), high) in out[..valid].iter_mut().zip(low).zip(high) {
                *out = u32::from(*low) | u32::from(*high) << 16;
            }
        }
    }
}
