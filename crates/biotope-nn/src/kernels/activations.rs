//! Activations and their slopes over slices.

use super::isa::versions;
use super::math;

/// Slope of a leaky rectifier left of zero: `PyTorch`'s default.
pub(crate) const LEAK: f32 = 0.01;

versions! {
    /// `y = x σ(x)` in place; its derivative goes to `side`, if there is one.
    fn silu(y: &mut [f32], side: &mut [f32]) {
        if side.is_empty() {
            for y in y { *y = math::silu(*y).0; }
        } else {
            for (y, side) in y.iter_mut().zip(side) { (*y, *side) = math::silu(*y); }
        }
    }

    /// GELU in place; its derivative goes to `side`, if there is one.
    fn gelu(y: &mut [f32], side: &mut [f32]) {
        if side.is_empty() {
            for y in y { *y = math::gelu(*y).0; }
        } else {
            for (y, side) in y.iter_mut().zip(side) { (*y, *side) = math::gelu(*y); }
        }
    }

    /// GELU's approximation by a hyperbolic tangent, as [`gelu`].
    fn gelu_tanh(y: &mut [f32], side: &mut [f32]) {
        if side.is_empty() {
            for y in y { *y = math::gelu_tanh(*y).0; }
        } else {
            for (y, side) in y.iter_mut().zip(side) { (*y, *side) = math::gelu_tanh(*y); }
        }
    }

    /// `y = max(y, 0)`.
    fn relu(y: &mut [f32]) {
        for y in y { *y = y.max(0.0); }
    }

    /// `y` where `y > 0`, else [`LEAK`] times as much.
    fn leaky_relu(y: &mut [f32]) {
        for y in y { *y = if *y > 0.0 { *y } else { LEAK * *y }; }
    }

    /// `y = tanh(y)`.
    fn tanh(y: &mut [f32]) {
        for y in y { *y = math::tanh(*y); }
    }

    /// `y = 1 / (1 + e^-y)`.
    fn sigmoid(y: &mut [f32]) {
        for y in y { *y = math::sigmoid(*y); }
    }

    /// `out = g` where `y > 0`, else [`LEAK`] times as much.
    fn leaky_relu_back(out: &mut [f32], g: &[f32], y: &[f32]) {
        for ((out, g), y) in out.iter_mut().zip(g).zip(y) { *out = if *y > 0.0 { *g } else { LEAK * g }; }
    }

    /// `out = g y (1 - y)`.
    fn sigmoid_back(out: &mut [f32], g: &[f32], y: &[f32]) {
        for ((out, g), y) in out.iter_mut().zip(g).zip(y) { *out = g * (y * (1.0 - y)); }
    }
}
