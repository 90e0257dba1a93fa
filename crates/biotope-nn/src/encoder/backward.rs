//! Backward through one block.

use super::block::{DOWN, KEY, LAST, NORM, OUTPUT, Parts, QUERY, UP, VALUE};
use super::forward::GRAIN;
use super::workspace::{Flow, Noises, Packs, Saved, Sizes, fit};
use crate::kernels::attention::Heads;
use crate::kernels::cell::Cell;
use crate::kernels::gemm::{Packed, product_of};
use crate::kernels::lines::{Lines, lines};
use crate::kernels::mixed::drop_piece;
use crate::kernels::noise::Noise;
use crate::kernels::{passes, threads};

/// Columns that a task sums up.
const COLUMNS: usize = 64;

/// Gradients of a block's parameters, flat.
pub(super) type Grads = Parts<Vec<f32>>;

/// What a backward pass through a block reads.
pub(super) struct Back<'a, T> {
    /// Packed for `dy W`.
    pub(super) packs: &'a Packs,
    pub(super) parts: Parts<&'a [f32]>,
    pub(super) sizes: Sizes<'a>,
    pub(super) noises: Noises,
    pub(super) saved: &'a Saved<T>,
}

impl<T: Cell> Back<'_, T> {
    /// From the gradient of the output, in `g`, to that of the input, in `g` too; `s` is a second buffer.
    pub(super) fn block(&self, g: &mut Vec<f32>, s: &mut Vec<f32>, flow: &mut Flow<T>) -> Grads {
        let mut grads = Grads::default();
        let (rows, hidden, inner) = (self.sizes.rows(), self.sizes.hidden, self.sizes.inner);
        let len = rows * hidden;
        let (top, under) = (fit(g, len), fit(s, len));
        let part = fit(&mut flow.part, len);
        grads[LAST] = self.normalisation(1, top, (&mut *under, &mut *part));
        grads[DOWN] = weights::<T>(part, &self.saved.inner, [rows, hidden, inner]);
        let between = fit(&mut flow.inner, rows * inner);
        let slopes = &self.saved.slopes[..rows * inner];
        back_into(&self.packs.down, part, [rows, hidden], between, |at, values| {
            T::multiply(values, &slopes[at..][..values.len()]);
        });
        grads[UP] = weights::<T>(between, &self.saved.middle, [rows, inner, hidden]);
        self.packs.up.times(under, T::mat(between, [rows, inner], inner), true);

        grads[NORM] = self.normalisation(0, under, (&mut *top, &mut *part));
        grads[OUTPUT] = weights::<T>(part, &self.saved.attended, [rows, hidden, hidden]);
        let attended = fit(&mut flow.attended, len);
        back_into(&self.packs.output, part, [rows, hidden], attended, |_, _| {});
        self.attention(attended, (&mut flow.queries, &mut flow.pairs), &mut grads);
        self.input(g, s, flow);
        grads
    }

    /// Through a normalisation: the gradient of the residual, and with dropout that of the part in front of it.
    fn normalisation(&self, index: usize, g: &[f32], (out, part): (&mut [f32], &mut [T])) -> [Vec<f32>; 2] {
        let hidden = self.sizes.hidden;
        let count = g.len() / hidden;
        let (hat, inverse) = (&self.saved.hats[index][..g.len()], &self.saved.inverses[index]);
        let scale = self.parts[[NORM, LAST][index]][0];
        let noise = self.noises[1 + index];
        let outs = (Lines::new(out, count), Lines::new(part, count));
        lines(g.len() > 2 * GRAIN, count, GRAIN / hidden, outs, |first, rows, (mut out, mut part)| {
            for index in 0..rows {
                let row = first + index;
                let (g, hat) = (&g[row * hidden..][..hidden], &hat[row * hidden..][..hidden]);
                let out = out.row(index);
                T::norm_back(out, g, hat, inverse[row], scale);
                store_dropped(part.row(index), out, noise, row);
            }
        });
        let scale = columns(count, hidden, |row, from, out| {
            let at = row * hidden + from;
            T::multiply_add(out, &g[at..][..out.len()], &hat[at..][..out.len()]);
        });
        [
            scale,
            columns(count, hidden, |row, from, out| passes::add(out, &g[row * hidden + from..][..out.len()])),
        ]
    }

    /// Through the attention, and the parameters of its projections.
    fn attention(&self, attended: &[T], (queries, pairs): (&mut Vec<T>, &mut Vec<T>), grads: &mut Grads) {
        let Sizes { offsets, heads, hidden, first_only, .. } = self.sizes;
        let (tokens, rows) = (self.sizes.tokens(), self.sizes.rows());
        let saved = self.saved;
        let (queries, pairs) = (fit(queries, rows * hidden), fit(pairs, tokens * 2 * hidden));
        let heads = Heads {
            offsets,
            count: heads,
            hidden,
            first_only,
            queries: &saved.queries[..rows * hidden],
            pairs: &saved.pairs[..tokens * 2 * hidden],
            noise: self.noises[0],
        };
        heads.backward(attended, &saved.sums, queries, pairs);
        let asking = if first_only { &saved.first } else { &saved.x };
        grads[QUERY] = weights::<T>(queries, asking, [rows, hidden, hidden]);
        let [mut weight, mut bias] = weights::<T>(pairs, &saved.x, [tokens, 2 * hidden, hidden]);
        grads[VALUE] = [weight.split_off(hidden * hidden), bias.split_off(hidden)];
        grads[KEY] = [weight, bias];
    }

    /// Adds what comes through the projections to the gradient of the residual.
    fn input(&self, g: &mut Vec<f32>, s: &mut Vec<f32>, flow: &Flow<T>) {
        let (tokens, rows, hidden) = (self.sizes.tokens(), self.sizes.rows(), self.sizes.hidden);
        let queries = T::mat(&flow.queries[..rows * hidden], [rows, hidden], hidden);
        let pairs = T::mat(&flow.pairs[..tokens * 2 * hidden], [tokens, 2 * hidden], 2 * hidden);
        self.packs.query.times(fit(g, rows * hidden), queries, true);
        if !self.sizes.first_only {
            return self.packs.pair.times(fit(g, tokens * hidden), pairs, true);
        }
        let all = fit(s, tokens * hidden);
        self.packs.pair.times(all, pairs, false);
        for (pair, g) in self.sizes.offsets.windows(2).zip(g.chunks_exact(hidden)) {
            if pair[0] < pair[1] {
                passes::add(&mut all[pair[0] * hidden..][..hidden], g);
            }
        }
        std::mem::swap(g, s);
    }
}

/// Gradients of a linear layer's weight and bias, from that of its output and its input.
fn weights<T: Cell>(d: &[T], x: &[T], [rows, outputs, inputs]: [usize; 3]) -> [Vec<f32>; 2] {
    let mut weight = vec![0.0; outputs * inputs];
    let (left, right) =
        (T::mat(d, [rows, outputs], outputs), T::mat(&x[..rows * inputs], [rows, inputs], inputs));
    product_of(T::PRECISION, &mut weight, left.t(), right, false);
    [weight, column_sums(d, rows, outputs)]
}

/// `out = then(d W)`; `then` gets where a piece begins.
fn back_into<T: Cell>(
    weight: &Packed,
    d: &[T],
    [rows, width]: [usize; 2],
    out: &mut [T],
    then: impl Fn(usize, &mut [f32]) + Sync,
) {
    let outputs = out.len() / rows.max(1);
    let none: &mut [()] = &mut [];
    weight.times_into(out, none, T::mat(d, [rows, width], width), |span, values, out, _| {
        then(span.row * outputs + span.column, values);
        T::store(out, values);
    });
}

fn store_dropped<T: Cell>(out: &mut [T], x: &[f32], noise: Option<Noise>, row: usize) {
    let Some(noise) = noise else { return T::store(out, x) };
    crate::kernels::scratch::with(x.len(), |dropped| {
        dropped.copy_from_slice(x);
        drop_piece(dropped, noise.row(row as u64), 0);
        T::store(out, dropped);
    });
}

/// Sums over rows, in order; `add(row, column, out)` adds some columns of a row.
fn columns(rows: usize, width: usize, add: impl Fn(usize, usize, &mut [f32]) + Sync) -> Vec<f32> {
    let mut out = vec![0.0; width];
    threads::chunks(rows * width > 2 * GRAIN, &mut out, COLUMNS, |index, out| {
        (0..rows).for_each(|row| add(row, index * COLUMNS, out));
    });
    out
}

fn column_sums<T: Cell>(x: &[T], rows: usize, width: usize) -> Vec<f32> {
    columns(rows, width, |row, from, out| T::add_to(out, &x[row * width + from..][..out.len()]))
}
