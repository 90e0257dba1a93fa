//! Passes over rows: sums in a fixed order, parallel over outputs.
#![expect(clippy::inline_always, reason = "inlined code is compiled for the caller's instruction set")]

use super::isa::versions;
use super::math::{self, bf16, wide};
use super::noise::RowNoise;
use super::threads;

/// Numbers that a task should have at least.
const GRAIN: usize = 1 << 14;
/// Lanes of a sum: partial sums of every sixteenth number, then those in order.
const LANES: usize = 16;

/// Runs `work(first row, chunk)` over chunks of whole rows, in parallel if there is enough.
pub(crate) fn rows(out: &mut [f32], width: usize, work: impl Fn(usize, &mut [f32]) + Sync + Send) {
    let step = GRAIN.div_ceil(width.max(1));
    let parallel = out.len() > 2 * GRAIN;
    threads::chunks(parallel, out, step * width, |index, chunk| work(index * step, chunk));
}

/// `Σᵢ f(i)` with [`LANES`] partial sums.
#[inline(always)]
pub(crate) fn sum(len: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    let whole = len / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += f(start + lane);
        }
    }
    let tail: f32 = (whole..len).map(&f).sum();
    // Halves, quarters, ...: the same tree whatever the vectors.
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0] + tail
}

/// Sums of columns: `out[j] = Σᵢ f(i, j)`, rows in order; `f` writes `len` numbers from column `j` on.
fn columns(out: &mut [f32], rows: usize, add: impl Fn(usize, usize, &mut [f32]) + Sync + Send) {
    const WIDTH: usize = 64;
    let parallel = out.len() * rows > 2 * GRAIN;
    threads::chunks(parallel, out, WIDTH, |index, out| {
        for row in 0..rows {
            add(row, index * WIDTH, out);
        }
    });
}

/// `out[j] = Σᵢ x[i, j]`.
pub(crate) fn column_sums(x: &[f32], width: usize) -> Vec<f32> {
    let mut out = vec![0.0; width];
    if let Some(rows) = x.len().checked_div(width) {
        columns(&mut out, rows, |row, from, out| add(out, &x[row * width + from..][..out.len()]));
    }
    out
}

/// Scale and shift gradients of a layer normalisation: `Σᵢ g x̂` and `Σᵢ g`, side by side.
pub(crate) fn norm_sums(g: &[f32], s: &[f32], stats: &[f32], width: usize) -> Vec<f32> {
    let mut out = vec![0.0; 2 * width];
    let (scale, shift) = out.split_at_mut(width);
    columns(scale, stats.len() / 2, |row, from, out| {
        let at = row * width + from;
        let len = out.len();
        norm_sum(out, &g[at..][..len], &s[at..][..len], stats[2 * row], stats[2 * row + 1]);
    });
    shift.copy_from_slice(&column_sums(g, width));
    out
}

versions! {
    /// `out += x`.
    fn add(out: &mut [f32], x: &[f32]) {
        for (out, x) in out.iter_mut().zip(x) { *out += x; }
    }

    /// `out += factor · x`.
    fn axpy(out: &mut [f32], factor: f32, x: &[f32]) {
        for (out, x) in out.iter_mut().zip(x) { *out += factor * x; }
    }

    fn norm_sum(out: &mut [f32], g: &[f32], s: &[f32], mean: f32, inverse: f32) {
        for ((out, g), s) in out.iter_mut().zip(g).zip(s) { *out += g * ((s - mean) * inverse); }
    }

    /// `y += bias`, on each row.
    fn add_bias(y: &mut [f32], bias: &[f32]) {
        for row in y.chunks_exact_mut(bias.len()) {
            for (y, b) in row.iter_mut().zip(bias) { *y += b; }
        }
    }

    /// `y = gelu(y + bias)` on each row; its derivative goes to `side`, if there is one.
    fn bias_gelu(y: &mut [f32], bias: &[f32], side: &mut [f32]) {
        let width = bias.len();
        if side.is_empty() {
            for row in y.chunks_exact_mut(width) {
                for (y, b) in row.iter_mut().zip(bias) { *y = math::gelu(*y + b).0; }
            }
        } else {
            for (row, side) in y.chunks_exact_mut(width).zip(side.chunks_exact_mut(width)) {
                for ((y, b), side) in row.iter_mut().zip(bias).zip(side) { (*y, *side) = math::gelu(*y + b); }
            }
        }
    }

    /// As [`bias_gelu`], for one row; the derivative in bf16.
    fn bias_gelu_bf16(y: &mut [f32], bias: &[f32], slopes: &mut [u16]) {
        if slopes.is_empty() {
            for (y, b) in y.iter_mut().zip(bias) { *y = math::gelu(*y + b).0; }
        } else {
            for ((y, b), out) in y.iter_mut().zip(bias).zip(slopes) {
                let (value, slope) = math::gelu(*y + b);
                (*y, *out) = (value, bf16(slope));
            }
        }
    }

    /// `y *= factors`.
    fn multiply_bf16(y: &mut [f32], factors: &[u16]) {
        for (y, factor) in y.iter_mut().zip(factors) { *y *= wide(*factor); }
    }

    /// `y += x`.
    fn add_from_bf16(y: &mut [f32], x: &[u16]) {
        for (y, x) in y.iter_mut().zip(x) { *y += wide(*x); }
    }

    /// The nearest bf16, ties to even; NaN stays NaN.
    fn to_bf16(out: &mut [u16], x: &[f32]) {
        for (out, x) in out.iter_mut().zip(x) { *out = bf16(*x); }
    }

    /// bf16 as `f32`.
    fn from_bf16(out: &mut [f32], x: &[u16]) {
        for (out, x) in out.iter_mut().zip(x) { *out = wide(*x); }
    }

    /// Rounds to bf16, in place.
    fn round_bf16(x: &mut [f32]) {
        for x in x { *x = wide(bf16(*x)); }
    }

    /// `y = max(y + bias, 0)` on each row.
    fn bias_relu(y: &mut [f32], bias: &[f32]) {
        for row in y.chunks_exact_mut(bias.len()) {
            for (y, b) in row.iter_mut().zip(bias) { *y = (*y + b).max(0.0); }
        }
    }

    /// `y = tanh(y + bias)` on each row.
    fn bias_tanh(y: &mut [f32], bias: &[f32]) {
        for row in y.chunks_exact_mut(bias.len()) {
            for (y, b) in row.iter_mut().zip(bias) { *y = math::tanh(*y + b); }
        }
    }

    /// `out = a b`.
    fn multiply(out: &mut [f32], a: &[f32], b: &[f32]) {
        for ((out, a), b) in out.iter_mut().zip(a).zip(b) { *out = a * b; }
    }

    /// `out = g` where `y > 0`, else 0.
    fn relu_back(out: &mut [f32], g: &[f32], y: &[f32]) {
        for ((out, g), y) in out.iter_mut().zip(g).zip(y) { *out = if *y > 0.0 { *g } else { 0.0 }; }
    }

    /// `out = g (1 - y²)`.
    fn tanh_back(out: &mut [f32], g: &[f32], y: &[f32]) {
        for ((out, g), y) in out.iter_mut().zip(g).zip(y) { *out = g * (1.0 - y * y); }
    }

    /// `out = x · noise` for one row, from column `from` on.
    fn drop_row(out: &mut [f32], x: &[f32], noise: RowNoise, from: u32) {
        for ((out, x), column) in out.iter_mut().zip(x).zip(from..) { *out = x * noise.factor(column); }
    }

    /// `x *= noise` for one row.
    fn drop_in_place(x: &mut [f32], noise: RowNoise) {
        for (x, column) in x.iter_mut().zip(0..) { *x *= noise.factor(column); }
    }

    /// Mean and inverse standard deviation of a row.
    fn moments(s: &[f32], eps: f32) -> (f32, f32) {
        let len = s.len() as f32;
        let mean = sum(s.len(), |i| s[i]) / len;
        let variance = sum(s.len(), |i| (s[i] - mean) * (s[i] - mean)) / len;
        (mean, 1.0 / (variance + eps).sqrt())
    }

    /// `y = (s - mean) inverse · scale + shift` for one row.
    fn norm_row(y: &mut [f32], s: &[f32], mean: f32, inverse: f32, scale: &[f32], shift: &[f32]) {
        for (((y, s), w), b) in y.iter_mut().zip(s).zip(scale).zip(shift) { *y = (s - mean) * inverse * w + b; }
    }

    /// Gradient of a layer normalisation with respect to one row of its input.
    fn norm_row_back(out: &mut [f32], g: &[f32], s: &[f32], mean: f32, inverse: f32, scale: &[f32]) {
        let len = out.len();
        let (g, s, scale) = (&g[..len], &s[..len], &scale[..len]);
        let c1 = sum(len, |i| g[i] * scale[i]) / len as f32;
        let c2 = sum(len, |i| g[i] * scale[i] * ((s[i] - mean) * inverse)) / len as f32;
        for i in 0..len { out[i] = inverse * (g[i] * scale[i] - c1 - (s[i] - mean) * inverse * c2); }
    }

    /// Softmax of `factor · x` in place; returns `ln Σ e^(factor x)`.
    fn softmax(x: &mut [f32], factor: f32) -> f32 {
        let mut lanes = [f32::NEG_INFINITY; LANES];
        let (whole, tail) = x.as_chunks::<LANES>();
        for chunk in whole {
            for (lane, x) in lanes.iter_mut().zip(chunk) { *lane = if *x > *lane { *x } else { *lane }; }
        }
        let max = lanes.iter().chain(tail).fold(f32::NEG_INFINITY, |max, x| max.max(*x)) * factor;
        for x in x.iter_mut() { *x = math::exp(*x * factor - max); }
        let total = sum(x.len(), |i| x[i]);
        let inverse = 1.0 / total;
        for x in x.iter_mut() { *x *= inverse; }
        max + total.ln()
    }

    /// `x = e^(factor x - log_sum)`: a softmax again, from its logarithmic sum.
    fn softmax_again(x: &mut [f32], factor: f32, log_sum: f32) {
        for x in x.iter_mut() { *x = math::exp(*x * factor - log_sum); }
    }

    /// Gradient of a softmax: `g = factor · p (g - Σ p g)` in place.
    fn softmax_back(g: &mut [f32], p: &[f32], factor: f32) {
        let len = g.len();
        let p = &p[..len];
        let inner = sum(len, |i| p[i] * g[i]);
        for i in 0..len { g[i] = factor * p[i] * (g[i] - inner); }
    }

    /// One step of an LSTM for one sequence: `gates` (input, forget, cell, output) become their activations, `cell`
    /// the new cell from `before`, `state` the new state.
    fn lstm_step(gates: &mut [f32], before: &[f32], cell: &mut [f32], state: &mut [f32]) {
        let hidden = state.len();
        let (i, rest) = gates.split_at_mut(hidden);
        let (f, rest) = rest.split_at_mut(hidden);
        let (g, o) = rest.split_at_mut(hidden);
        let (o, before, cell) = (&mut o[..hidden], &before[..hidden], &mut cell[..hidden]);
        for j in 0..hidden {
            i[j] = math::sigmoid(i[j]);
            f[j] = math::sigmoid(f[j]);
            g[j] = math::tanh(g[j]);
            o[j] = math::sigmoid(o[j]);
            cell[j] = f[j] * before[j] + i[j] * g[j];
            state[j] = o[j] * math::tanh(cell[j]);
        }
    }

    /// Backward through [`lstm_step`]: `gates` are activations, `out` takes the gradient before them, `d_cell` goes
    /// from this step's to the step before's.
    fn lstm_step_back(out: &mut [f32], gates: &[f32], cell: &[f32], before: &[f32], d_state: &[f32], d_cell: &mut [f32]) {
        let n = d_state.len();
        let (i, f, g, o) = (&gates[..n], &gates[n..2 * n], &gates[2 * n..3 * n], &gates[3 * n..4 * n]);
        let (cell, before, d_cell) = (&cell[..n], &before[..n], &mut d_cell[..n]);
        let (out_i, rest) = out.split_at_mut(n);
        let (out_f, rest) = rest.split_at_mut(n);
        let (out_g, out_o) = rest.split_at_mut(n);
        let out_o = &mut out_o[..n];
        for j in 0..n {
            let t = math::tanh(cell[j]);
            let d = d_cell[j] + d_state[j] * o[j] * (1.0 - t * t);
            out_i[j] = d * g[j] * i[j] * (1.0 - i[j]);
            out_f[j] = d * before[j] * f[j] * (1.0 - f[j]);
            out_g[j] = d * i[j] * (1.0 - g[j] * g[j]);
            out_o[j] = d_state[j] * t * o[j] * (1.0 - o[j]);
            d_cell[j] = d * f[j];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::paths::{available, with_path};

    #[test]
    fn bf16_is_the_nearest_and_nan_stays() {
        // Halfway between two bf16 the even one wins; beyond the largest comes infinity.
        let cases = [
            (0x3f80_0000, 0x3f80),
            (0x3f80_8000, 0x3f80),
            (0x3f80_8001, 0x3f81),
            (0x3f81_8000, 0x3f82),
            (0x7f7f_ffff, 0x7f80),
            (0xff80_0000, 0xff80),
            (0x7f80_0001, 0x7fc0),
            (0xffff_ffff, 0xffff),
            (0x0000_8001, 0x0001),
            (0x8000_0000, 0x8000),
        ];
        for path in available() {
            let x: Vec<f32> = (0..5).flat_map(|_| cases.map(|(x, _)| f32::from_bits(x))).collect();
            let mut out = vec![0; x.len()];
            with_path(*path, || to_bf16(&mut out, &x)).unwrap();
            assert!(
                out.iter().zip(cases.iter().cycle()).all(|(out, (_, short))| out == short),
                "{path}: {out:x?}"
            );
            let mut back = vec![0.0; x.len()];
            with_path(*path, || from_bf16(&mut back, &out)).unwrap();
            assert!(back.iter().zip(&out).all(|(x, short)| x.to_bits() == u32::from(*short) << 16), "{path}");
        }
    }
}
