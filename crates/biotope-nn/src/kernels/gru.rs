//! One step of a gated recurrent unit, forward and backward.

use super::isa::versions;
use super::math;

versions! {
    /// `gates` (reset, update, new: what the input says) become their activations; `hidden` is what the state says of
    /// the same three, `bias` belongs to it, and its last third stays in `kept`. Writes the new state.
    fn gru_step(gates: &mut [f32], hidden: &[f32], bias: &[f32], before: &[f32], kept: &mut [f32], state: &mut [f32]) {
        let len = state.len();
        let (r, rest) = gates.split_at_mut(len);
        let (z, n) = rest.split_at_mut(len);
        let n = &mut n[..len];
        let (hidden, bias, before, kept) = (&hidden[..3 * len], &bias[..3 * len], &before[..len], &mut kept[..len]);
        for j in 0..len {
            r[j] = math::sigmoid(r[j] + (hidden[j] + bias[j]));
            z[j] = math::sigmoid(z[j] + (hidden[len + j] + bias[len + j]));
            kept[j] = hidden[2 * len + j] + bias[2 * len + j];
            n[j] = math::tanh(n[j] + r[j] * kept[j]);
            state[j] = (1.0 - z[j]) * n[j] + z[j] * before[j];
        }
    }

    /// Backward through [`gru_step`]: `d_state` becomes the part of the state before's gradient that did not go
    /// through the product; `d_gates` and `d_hidden` take the gradients on the input's and on the state's side.
    fn gru_step_back(
        d_gates: &mut [f32], d_hidden: &mut [f32], gates: &[f32], kept: &[f32], before: &[f32], d_state: &mut [f32],
    ) {
        let len = d_state.len();
        let (r, z, n) = (&gates[..len], &gates[len..2 * len], &gates[2 * len..3 * len]);
        let (kept, before) = (&kept[..len], &before[..len]);
        let (d_gates, d_hidden) = (&mut d_gates[..3 * len], &mut d_hidden[..3 * len]);
        for j in 0..len {
            let d = d_state[j];
            let d_new = d * (1.0 - z[j]) * (1.0 - n[j] * n[j]);
            let d_reset = d_new * kept[j] * r[j] * (1.0 - r[j]);
            let d_update = d * (before[j] - n[j]) * z[j] * (1.0 - z[j]);
            (d_gates[j], d_hidden[j]) = (d_reset, d_reset);
            (d_gates[len + j], d_hidden[len + j]) = (d_update, d_update);
            (d_gates[2 * len + j], d_hidden[2 * len + j]) = (d_new, d_new * r[j]);
            d_state[j] = d * z[j];
        }
    }
}
