//! Passes of the transformer encoder, over numbers in `f32` and in bf16.
#![expect(clippy::inline_always, reason = "inlined code is compiled for the caller's instruction set")]

use super::isa::versions;
use super::math::{bf16, wide};
use super::noise::RowNoise;
use super::passes::sum;

#[inline(always)]
fn back(out: &mut [f32], g: &[f32], hat: impl Fn(usize) -> f32, inverse: f32, scale: &[f32]) {
    let len = out.len();
    let (g, scale) = (&g[..len], &scale[..len]);
    let c1 = sum(len, |i| g[i] * scale[i]) / len as f32;
    let c2 = sum(len, |i| g[i] * scale[i] * hat(i)) / len as f32;
    for i in 0..len {
        out[i] = inverse * (g[i] * scale[i] - c1 - hat(i) * c2);
    }
}

versions! {
    /// `x *= noise` for a piece of a row that begins at column `from`.
    fn drop_piece(x: &mut [f32], noise: RowNoise, from: u32) {
        for (x, column) in x.iter_mut().zip(from..) { *x *= noise.factor(column); }
    }

    /// `y *= factors`.
    fn multiply_by(y: &mut [f32], factors: &[f32]) {
        for (y, factor) in y.iter_mut().zip(factors) { *y *= factor; }
    }

    /// `out += g hat`.
    fn multiply_add(out: &mut [f32], g: &[f32], hat: &[f32]) {
        for ((out, g), hat) in out.iter_mut().zip(g).zip(hat) { *out += g * hat; }
    }

    /// `out += g hat`.
    fn multiply_add_bf16(out: &mut [f32], g: &[f32], hat: &[u16]) {
        for ((out, g), hat) in out.iter_mut().zip(g).zip(hat) { *out += g * wide(*hat); }
    }

    /// `out = (s - mean) inverse`.
    fn centre(out: &mut [f32], s: &[f32], mean: f32, inverse: f32) {
        for (out, s) in out.iter_mut().zip(s) { *out = (s - mean) * inverse; }
    }

    /// `out = (s - mean) inverse`.
    fn centre_bf16(out: &mut [u16], s: &[f32], mean: f32, inverse: f32) {
        for (out, s) in out.iter_mut().zip(s) { *out = bf16((s - mean) * inverse); }
    }

    /// Gradient of a layer normalisation with respect to one row of its input.
    fn norm_back(out: &mut [f32], g: &[f32], hat: &[f32], inverse: f32, scale: &[f32]) {
        let hat = &hat[..out.len()];
        back(out, g, |i| hat[i], inverse, scale);
    }

    /// Gradient of a layer normalisation with respect to one row of its input.
    fn norm_back_bf16(out: &mut [f32], g: &[f32], hat: &[u16], inverse: f32, scale: &[f32]) {
        let hat = &hat[..out.len()];
        back(out, g, |i| wide(hat[i]), inverse, scale);
    }
}
