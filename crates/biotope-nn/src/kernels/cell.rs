//! Numbers that activations are kept as: `f32`, or bf16 as its bits.

use super::gemm::{Mat, Operand};
use super::mixed as passes;
use super::passes as rows;
use super::scratch::Plain;
use crate::Precision;

/// A kind of number. Arithmetic is always in `f32`.
pub(crate) trait Cell: Plain + Default + Send + Sync {
    /// How its products are computed in training.
    const PRECISION: Precision;

    /// Keeps numbers.
    fn store(out: &mut [Self], x: &[f32]);

    /// `out += x`.
    fn add_to(out: &mut [f32], x: &[Self]);

    /// A matrix of them, rows `stride` apart.
    fn mat(data: &[Self], shape: [usize; 2], stride: usize) -> Operand<'_>;

    /// `y = gelu(y + bias)`; its derivative goes to `slopes` unless that is empty.
    fn bias_gelu(y: &mut [f32], bias: &[f32], slopes: &mut [Self]);

    /// `y *= factors`.
    fn multiply(y: &mut [f32], factors: &[Self]);

    /// `out = (s - mean) inverse`.
    fn centre(out: &mut [Self], s: &[f32], mean: f32, inverse: f32);

    /// Gradient of a layer normalisation with respect to one row of its input, from the normalised row `hat`.
    fn norm_back(out: &mut [f32], g: &[f32], hat: &[Self], inverse: f32, scale: &[f32]);

    /// `out += g hat`.
    fn multiply_add(out: &mut [f32], g: &[f32], hat: &[Self]);
}

impl Cell for f32 {
    const PRECISION: Precision = Precision::F32;

    fn store(out: &mut [Self], x: &[f32]) {
        out.copy_from_slice(x);
    }

    fn add_to(out: &mut [f32], x: &[Self]) {
        rows::add(out, x);
    }

    fn mat(data: &[Self], shape: [usize; 2], stride: usize) -> Operand<'_> {
        Mat::strided(data, shape, stride).into()
    }

    fn bias_gelu(y: &mut [f32], bias: &[f32], slopes: &mut [Self]) {
        rows::bias_gelu(y, bias, slopes);
    }

    fn multiply(y: &mut [f32], factors: &[Self]) {
        passes::multiply_by(y, factors);
    }

    fn centre(out: &mut [Self], s: &[f32], mean: f32, inverse: f32) {
        passes::centre(out, s, mean, inverse);
    }

    fn norm_back(out: &mut [f32], g: &[f32], hat: &[Self], inverse: f32, scale: &[f32]) {
        passes::norm_back(out, g, hat, inverse, scale);
    }

    fn multiply_add(out: &mut [f32], g: &[f32], hat: &[Self]) {
        passes::multiply_add(out, g, hat);
    }
}

impl Cell for u16 {
    const PRECISION: Precision = Precision::Bf16;

    fn store(out: &mut [Self], x: &[f32]) {
        rows::to_bf16(out, x);
    }

    fn add_to(out: &mut [f32], x: &[Self]) {
        rows::add_from_bf16(out, x);
    }

    fn mat(data: &[Self], shape: [usize; 2], stride: usize) -> Operand<'_> {
        Mat::strided(data, shape, stride).into()
    }

    fn bias_gelu(y: &mut [f32], bias: &[f32], slopes: &mut [Self]) {
        rows::bias_gelu_bf16(y, bias, slopes);
    }

    fn multiply(y: &mut [f32], factors: &[Self]) {
        rows::multiply_bf16(y, factors);
    }

    fn centre(out: &mut [Self], s: &[f32], mean: f32, inverse: f32) {
        passes::centre_bf16(out, s, mean, inverse);
    }

    fn norm_back(out: &mut [f32], g: &[f32], hat: &[Self], inverse: f32, scale: &[f32]) {
        passes::norm_back_bf16(out, g, hat, inverse, scale);
    }

    fn multiply_add(out: &mut [f32], g: &[f32], hat: &[Self]) {
        passes::multiply_add_bf16(out, g, hat);
    }
}
