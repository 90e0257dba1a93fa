//! A group of sequences that go through time together.

use super::{GROUP, Pooling, Ready};
use crate::kernels::gemm::{self, Mat};
use crate::kernels::noise::Noise;
use crate::kernels::{passes, recurrent, scratch};
use crate::whole::words::copy_row;

/// Its rows: all sequences that reach step 0, then those that reach step 1, ...; longest first.
pub(super) struct Group<'a> {
    offsets: &'a [usize],
    /// Sequences by falling length.
    order: [usize; GROUP],
}

/// Buffers of a pass: `x [rows, dim]`, `gates [rows, 4 · hidden]`, the others `[rows, hidden]`.
pub(super) struct Place<'a> {
    pub(super) x: &'a mut [f32],
    pub(super) gates: &'a mut [f32],
    pub(super) cells: &'a mut [f32],
    pub(super) states: &'a mut [f32],
    /// What each step sees of the state before it.
    pub(super) seen: &'a mut [f32],
}

impl<'a> Place<'a> {
    /// Cuts a buffer of `rows · (dim + 7 · hidden)` numbers.
    pub(super) fn cut(buffer: &'a mut [f32], rows: usize, dim: usize, hidden: usize) -> Self {
        let mut rest = buffer;
        let mut next = |width: usize| rest.split_off_mut(..rows * width).expect("the buffer is long enough");
        Self {
            x: next(dim),
            gates: next(4 * hidden),
            cells: next(hidden),
            states: next(hidden),
            seen: next(hidden),
        }
    }
}

/// A mask per sequence: the noise of a layer and the group's first sequence.
pub(super) type Masks = Option<(Noise, usize)>;

impl<'a> Group<'a> {
    /// The group between some borders: at most [`GROUP`] sequences.
    pub(super) fn new(offsets: &'a [usize]) -> Self {
        let mut group = Self { offsets, order: std::array::from_fn(|slot| slot) };
        let count = offsets.len() - 1;
        group.order[..count]
            .sort_unstable_by_key(|at| (std::cmp::Reverse(offsets[at + 1] - offsets[*at]), *at));
        group
    }

    /// The first token.
    pub(super) fn start(&self) -> usize {
        self.offsets[0]
    }

    /// Tokens.
    pub(super) fn rows(&self) -> usize {
        self.offsets[self.count()] - self.start()
    }

    fn count(&self) -> usize {
        self.offsets.len() - 1
    }

    fn len(&self, slot: usize) -> usize {
        let at = self.order[slot];
        self.offsets[at + 1] - self.offsets[at]
    }

    /// Sequences that reach a step.
    fn active(&self, step: usize) -> usize {
        self.order[..self.count()].partition_point(|at| self.offsets[at + 1] - self.offsets[*at] > step)
    }

    fn steps(&self) -> usize {
        if self.count() == 0 { 0 } else { self.len(0) }
    }

    /// Runs `work(row, slot, step)` on all rows in order.
    fn each(&self, mut work: impl FnMut(usize, usize, usize)) {
        let mut row = 0;
        for step in 0..self.steps() {
            for slot in 0..self.active(step) {
                work(row, slot, step);
                row += 1;
            }
        }
    }

    /// The token of a row, counted from the group's first.
    fn token(&self, slot: usize, step: usize, reverse: bool) -> usize {
        let place = if reverse { self.len(slot) - 1 - step } else { step };
        self.offsets[self.order[slot]] - self.start() + place
    }

    /// Embeddings of the rows, masked; `ids` from the group's first token on.
    pub(super) fn gather(
        &self,
        x: &mut [f32],
        table: &[f32],
        ids: &[u32],
        dim: usize,
        reverse: bool,
        masks: Masks,
    ) {
        self.each(|row, slot, step| {
            let masks = masks.map(|(noise, first)| (noise, first + self.order[slot]));
            copy_row(&mut x[row * dim..][..dim], table, ids[self.token(slot, step, reverse)], masks);
        });
    }

    /// Ids of the rows.
    pub(super) fn list(&self, out: &mut [u32], ids: &[u32], reverse: bool) {
        self.each(|row, slot, step| out[row] = ids[self.token(slot, step, reverse)]);
    }

    /// Masks rows of all steps.
    pub(super) fn mask(&self, x: &mut [f32], width: usize, masks: Masks) {
        let Some((noise, first)) = masks else { return };
        self.each(|row, slot, _| {
            let noise = noise.row((first + self.order[slot]) as u64);
            passes::drop_in_place(&mut x[row * width..][..width], noise);
        });
    }

    /// Masks the rows of one step.
    fn mask_step(&self, x: &mut [f32], width: usize, masks: Masks) {
        let Some((noise, first)) = masks else { return };
        for (slot, x) in x.chunks_exact_mut(width).enumerate() {
            passes::drop_in_place(x, noise.row((first + self.order[slot]) as u64));
        }
    }

    /// All steps: from `place.x` to activated gates, cells and states.
    pub(super) fn forward(&self, ready: &Ready, place: &mut Place<'_>, masks: Masks) {
        let (hidden, dim) = (ready.bias.len() / 4, ready.inputs.shape()[0]);
        let Place { x, gates, cells, states, seen } = place;
        ready.inputs.product(gates, Mat::new(x, [self.rows(), dim]), false);
        let mut at = 0;
        for step in 0..self.steps() {
            let (active, before) = (self.active(step), if step > 0 { at - self.active(step - 1) } else { 0 });
            let (here, last) =
                (at * hidden..(at + active) * hidden, before * hidden..(before + active) * hidden);
            let gates = &mut gates[4 * here.start..4 * here.end];
            let seen = &mut seen[here.clone()];
            if step > 0 {
                seen.copy_from_slice(&states[last.clone()]);
                self.mask_step(seen, hidden, masks);
                ready.states.product(gates, Mat::new(seen, [active, hidden]), true);
                cells.copy_within(last, here.start);
            } else {
                seen.fill(0.0);
                cells[here.clone()].fill(0.0);
            }
            recurrent::lstm_step(gates, &ready.bias, &mut cells[here.clone()], &mut states[here]);
            at += active;
        }
    }

    /// All steps, backward: `gates` become the gradients before the gates.
    pub(super) fn backward(
        &self,
        weight: &gemm::Packed,
        (gates, cells): (&mut [f32], &[f32]),
        d_states: &[f32],
        masks: Masks,
    ) {
        let (count, hidden) = (self.count(), weight.shape()[1]);
        scratch::with((3 * count + 4) * hidden, |buffer| {
            buffer.fill(0.0);
            let (line, buffer) = buffer.split_at_mut(4 * hidden);
            let (zero, rest) = buffer.split_at_mut(count * hidden);
            let (d_seen, d_cells) = rest.split_at_mut(count * hidden);
            let mut at = self.rows();
            for step in (0..self.steps()).rev() {
                let active = self.active(step);
                at -= active;
                let here = at * hidden..(at + active) * hidden;
                let before = if step > 0 { &cells[(at - self.active(step - 1)) * hidden..] } else { &*zero };
                let gates = &mut gates[4 * here.start..4 * here.end];
                let (d_seen, d_cells) = (&mut d_seen[..here.len()], &mut d_cells[..here.len()]);
                self.mask_step(d_seen, hidden, masks);
                let (cells, d_states) = (&cells[here.clone()], &d_states[here]);
                recurrent::lstm_step_back(gates, cells, before, d_states, d_seen, d_cells, line);
                if step > 0 {
                    weight.product(d_seen, Mat::new(gates, [active, 4 * hidden]), false);
                }
            }
        });
    }

    /// From states to one row per sequence, in the order of the batch; `winners` is as long as `out`, or empty.
    pub(super) fn pool(&self, pooling: Pooling, states: &[f32], out: &mut [f32], winners: &mut [u32]) {
        let hidden = out.len() / self.count();
        out.fill(0.0);
        winners.fill(u32::MAX);
        self.each(|row, slot, step| {
            let at = self.order[slot] * hidden;
            let (out, state) = (&mut out[at..at + hidden], &states[row * hidden..][..hidden]);
            let winners = if winners.is_empty() { &mut [][..] } else { &mut winners[at..at + hidden] };
            match pooling {
                Pooling::Mean => passes::axpy(out, 1.0 / self.len(slot) as f32, state),
                Pooling::Last if step + 1 < self.len(slot) => {}
                Pooling::Max if step > 0 && winners.is_empty() => recurrent::larger(out, state),
                Pooling::Max if step > 0 => recurrent::maximum(out, winners, state, row as u32),
                Pooling::Last | Pooling::Max => {
                    out.copy_from_slice(state);
                    winners.fill(row as u32);
                }
            }
        });
    }

    /// Backward through [`Group::pool`].
    pub(super) fn unpool(&self, pooling: Pooling, d_out: &[f32], winners: &[u32], d_states: &mut [f32]) {
        let hidden = d_out.len() / self.count();
        d_states.fill(0.0);
        if pooling == Pooling::Mean {
            return self.each(|row, slot, _| {
                let d_out = &d_out[self.order[slot] * hidden..][..hidden];
                passes::axpy(&mut d_states[row * hidden..][..hidden], 1.0 / self.len(slot) as f32, d_out);
            });
        }
        for (at, (d, winner)) in d_out.iter().zip(winners).enumerate() {
            if *winner != u32::MAX {
                d_states[*winner as usize * hidden + at % hidden] = *d;
            }
        }
    }
}
