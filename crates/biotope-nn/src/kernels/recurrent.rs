//! Passes of recurrent layers: one step of several sequences at once.
//!
//! Long backward passes shrink gradients below the normal numbers, which processors handle many times slower. Numbers
//! below [`TINY`] become zero here: the same on every machine, and no processor mode is touched.

use super::isa::versions;
use super::math;

/// Smaller gradients are taken for zero. It stands far above the smallest normal number (1.2e-38), so that products with
/// weights and slopes stay normal, and far below any gradient that moves an `f32` parameter.
const TINY: f32 = 1e-30;

#[expect(clippy::inline_always, reason = "inlined code is compiled for the caller's instruction set")]
#[inline(always)]
fn flush(x: f32) -> f32 {
    if x.abs() < TINY { 0.0 } else { x }
}

versions! {
    /// One LSTM step for some sequences: each row of `gates` (input, forget, cell, output; before the bias) becomes its
    /// activations, `cells` go from the step before to this one, `states` are written.
    fn lstm_step(gates: &mut [f32], bias: &[f32], cells: &mut [f32], states: &mut [f32]) {
        let n = bias.len() / 4;
        let rows = gates.chunks_exact_mut(4 * n).zip(cells.chunks_exact_mut(n)).zip(states.chunks_exact_mut(n));
        let (bi, bf, bg, bo) = (&bias[..n], &bias[n..2 * n], &bias[2 * n..3 * n], &bias[3 * n..4 * n]);
        for ((gates, cell), state) in rows {
            let (i, rest) = gates.split_at_mut(n);
            let (f, rest) = rest.split_at_mut(n);
            let (g, o) = rest.split_at_mut(n);
            let (o, cell, state) = (&mut o[..n], &mut cell[..n], &mut state[..n]);
            for j in 0..n {
                i[j] = math::sigmoid(i[j] + bi[j]);
                f[j] = math::sigmoid(f[j] + bf[j]);
                g[j] = math::tanh(g[j] + bg[j]);
                o[j] = math::sigmoid(o[j] + bo[j]);
                cell[j] = f[j] * cell[j] + i[j] * g[j];
                state[j] = o[j] * math::tanh(cell[j]);
            }
        }
    }

    /// Backward through [`lstm_step`]: `gates` go from activations to the gradient before them. `d_states` is the gradient
    /// of this step's states from outside, `d_seen` that from the step after; `d_cells` go to the step before. `line` takes
    /// a row of gates meanwhile: numbers that are read and written in one loop do not vectorise.
    fn lstm_step_back(
        gates: &mut [f32],
        cells: &[f32],
        before: &[f32],
        d_states: &[f32],
        d_seen: &[f32],
        d_cells: &mut [f32],
        line: &mut [f32],
    ) {
        let n = line.len() / 4;
        let rows = gates.chunks_exact_mut(4 * n).zip(d_cells.chunks_exact_mut(n)).enumerate();
        for (row, (gates, d_cell)) in rows {
            let at = row * n;
            let (cell, before) = (&cells[at..at + n], &before[at..at + n]);
            let (d_state, d_seen) = (&d_states[at..at + n], &d_seen[at..at + n]);
            let (i, f, g, o) = (&gates[..n], &gates[n..2 * n], &gates[2 * n..3 * n], &gates[3 * n..4 * n]);
            let (out_i, rest) = line.split_at_mut(n);
            let (out_f, rest) = rest.split_at_mut(n);
            let (out_g, out_o) = rest.split_at_mut(n);
            let (out_o, d_cell) = (&mut out_o[..n], &mut d_cell[..n]);
            for j in 0..n {
                let t = math::tanh(cell[j]);
                let d_h = d_state[j] + d_seen[j];
                let d = d_cell[j] + d_h * o[j] * (1.0 - t * t);
                out_i[j] = flush(d * g[j] * i[j] * (1.0 - i[j]));
                out_f[j] = flush(d * before[j] * f[j] * (1.0 - f[j]));
                out_g[j] = flush(d * i[j] * (1.0 - g[j] * g[j]));
                out_o[j] = flush(d_h * t * o[j] * (1.0 - o[j]));
                d_cell[j] = flush(d * f[j]);
            }
            gates.copy_from_slice(line);
        }
    }

    /// `out = max(out, x)` by columns of one row; where `x` is larger, `row` is the winner.
    fn maximum(out: &mut [f32], winners: &mut [u32], x: &[f32], row: u32) {
        for ((out, winner), x) in out.iter_mut().zip(winners).zip(x) {
            let better = *x > *out;
            *out = if better { *x } else { *out };
            *winner = if better { row } else { *winner };
        }
    }

    /// `out = max(out, x)`.
    fn larger(out: &mut [f32], x: &[f32]) {
        for (out, x) in out.iter_mut().zip(x) { *out = if *x > *out { *x } else { *out }; }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The scalar twin, in double precision: new gates, cell and state of one element.
    fn twin(z: [f64; 4], before: f64) -> ([f64; 4], f64, f64) {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let gates = [sigmoid(z[0]), sigmoid(z[1]), z[2].tanh(), sigmoid(z[3])];
        let cell = gates[1] * before + gates[0] * gates[2];
        (gates, cell, gates[3] * cell.tanh())
    }

    fn numbers(len: usize, scale: f32) -> Vec<f32> {
        (0..len).map(|i| ((i * 7919 % 1013) as f32 / 506.0 - 1.0) * scale).collect()
    }

    #[test]
    fn a_step_equals_its_twin() {
        let (rows, n) = (3, 21);
        let (z, bias, before) = (numbers(rows * 4 * n, 3.0), numbers(4 * n, 0.5), numbers(rows * n, 2.0));
        let (mut gates, mut cells, mut states) = (z.clone(), before.clone(), vec![0.0; rows * n]);
        lstm_step(&mut gates, &bias, &mut cells, &mut states);
        for at in 0..rows * n {
            let (row, j) = (at / n, at % n);
            let place = |k: usize| row * 4 * n + k * n + j;
            let z = std::array::from_fn(|k| f64::from(z[place(k)]) + f64::from(bias[k * n + j]));
            let (expected, cell, state) = twin(z, f64::from(before[at]));
            let near = |x: f32, y: f64| (f64::from(x) - y).abs() < 2e-6;
            assert!((0..4).all(|k| near(gates[place(k)], expected[k])));
            assert!(near(cells[at], cell) && near(states[at], state), "{at}");
        }
    }

    #[test]
    fn going_back_equals_finite_differences_of_the_twin() {
        let n = 19;
        let (z, before) = (numbers(4 * n, 2.0), numbers(n, 1.5));
        let (d_state, d_seen, d_cell) = (numbers(n, 1.0), numbers(n, 0.3), numbers(n, 0.7));
        let (mut gates, mut cells, mut states) = (z.clone(), before.clone(), vec![0.0; n]);
        lstm_step(&mut gates, &vec![0.0; 4 * n], &mut cells, &mut states);
        let mut d_cells = d_cell.clone();
        lstm_step_back(&mut gates, &cells, &before, &d_state, &d_seen, &mut d_cells, &mut vec![0.0; 4 * n]);
        for j in 0..n {
            let value = |z: [f64; 4], before: f64| {
                let (_, cell, state) = twin(z, before);
                f64::from(d_cell[j]) * cell + f64::from(d_state[j] + d_seen[j]) * state
            };
            let at = std::array::from_fn(|k| f64::from(z[k * n + j]));
            let slope = |f: &dyn Fn(f64) -> f64| (f(1e-5) - f(-1e-5)) / 2e-5;
            for k in 0..4 {
                let moved = slope(&|h| {
                    value(std::array::from_fn(|l| at[l] + if k == l { h } else { 0.0 }), f64::from(before[j]))
                });
                assert!((f64::from(gates[k * n + j]) - moved).abs() < 1e-5, "{k} {j}");
            }
            let moved = slope(&|h| value(at, f64::from(before[j]) + h));
            assert!((f64::from(d_cells[j]) - moved).abs() < 1e-5, "{j}");
        }
    }

    #[test]
    fn tiny_gradients_become_zero() {
        assert_eq!([flush(1e-31), flush(-1e-40), flush(1e-29)], [0.0, 0.0, 1e-29]);
        assert!(flush(f32::NAN).is_nan());
    }

    #[test]
    fn the_first_of_equals_wins() {
        let (mut out, mut winners) = (vec![1.0, 2.0, 3.0], vec![0; 3]);
        maximum(&mut out, &mut winners, &[2.0, 2.0, 1.0], 7);
        larger(&mut out, &[0.0, 5.0, 3.0]);
        assert_eq!((out, winners), (vec![2.0, 5.0, 3.0], vec![7, 0, 0]));
    }
}
