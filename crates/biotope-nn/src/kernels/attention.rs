//! Attention of packed sequences on slices: one task per sequence and head.
//!
//! Probabilities are not kept: the backward pass finds them again from the scores and the logarithmic sums of the softmax,
//! as flash attention does (Dao et al. 2022). Long sequences go in blocks of queries. Its twin is the composite of
//! candle's operations in `layers::attention`.
#![expect(unsafe_code, reason = "heads of a sequence write to different columns of the same rows")]

use std::ops::Range;

use super::cell::Cell;
use super::gemm::{Operand, serial_of};
use super::mixed::drop_piece;
use super::noise::Noise;
use super::shared::Shared;
use super::{passes, scratch, threads};
use crate::layers::attention::noise_row;

/// Most queries whose scores are held at a time.
const BLOCK: usize = 128;

/// What is attended.
#[derive(Clone, Copy)]
pub(crate) struct Heads<'a, T> {
    /// Borders of the sequences.
    pub(crate) offsets: &'a [usize],
    /// How many heads share the width.
    pub(crate) count: usize,
    /// Width of a token.
    pub(crate) hidden: usize,
    /// Whether only the first token of each sequence asks.
    pub(crate) first_only: bool,
    /// `[asking tokens, hidden]`.
    pub(crate) queries: &'a [T],
    /// Keys and values side by side, `[tokens, 2 · hidden]`.
    pub(crate) pairs: &'a [T],
    /// What is dropped of the probabilities.
    pub(crate) noise: Option<Noise>,
}

/// A head of a sequence.
struct Task {
    /// Rows of keys and values.
    rows: Range<usize>,
    /// Rows of queries.
    asking: Range<usize>,
    head: usize,
}

impl Task {
    fn blocks(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let count = self.asking.len();
        (0..count).step_by(BLOCK).map(move |start| start..(start + BLOCK).min(count))
    }

    /// Where the logarithmic sum of a query lies.
    fn sum(&self, heads: usize, row: usize) -> usize {
        self.asking.start * heads + self.head * self.asking.len() + row
    }
}

/// Some columns of the rows of one task, in an output.
struct Place<'a, T> {
    shared: &'a Shared<'a, T>,
    /// Its first row and column, and the width of all rows.
    start: usize,
    column: usize,
    width: usize,
}

impl<T: Cell> Place<'_, T> {
    /// Writes rows of `depth` numbers from `row` on.
    fn write(&self, row: usize, values: &[f32], depth: usize) {
        for (at, values) in values.chunks_exact(depth).enumerate() {
            let from = (self.start + row + at) * self.width + self.column;
            // SAFETY: a task writes rows of its sequence in columns of its head; no other task has both.
            T::store(unsafe { self.shared.piece(from, depth) }, values);
        }
    }
}

impl<T: Cell> Heads<'_, T> {
    /// Answers `out [asking tokens, hidden]` and, unless that is empty, logarithmic sums `[asking tokens · heads]`.
    pub(crate) fn forward(&self, out: &mut [T], sums: &mut [f32]) {
        let (out, sums) = (Shared::new(out), Shared::new(sums));
        self.each(|task| {
            let place = self.answers(&out, &task);
            if task.rows.is_empty() {
                return self.silence(&task, &place);
            }
            task.blocks().for_each(|block| self.forward_block(&task, &block, &place, &sums));
        });
    }

    /// Gradients of queries `[asking tokens, hidden]` and of keys and values `[tokens, 2 · hidden]`, from that of the
    /// answers and the logarithmic sums of the forward pass.
    pub(crate) fn backward(&self, grad: &[T], sums: &[f32], queries: &mut [T], pairs: &mut [T]) {
        let (queries, pairs) = (Shared::new(queries), Shared::new(pairs));
        self.each(|task| {
            let (len, depth) = (task.rows.len(), self.depth());
            let place = self.answers(&queries, &task);
            if task.rows.is_empty() {
                return self.silence(&task, &place);
            }
            scratch::with(2 * len * depth, |both| {
                let (keys, values) = both.split_at_mut(len * depth);
                for block in task.blocks() {
                    self.backward_block(&task, &block, (grad, sums), &place, (&mut *keys, &mut *values));
                }
                for (index, part) in [keys, values].into_iter().enumerate() {
                    let column = index * self.hidden + task.head * depth;
                    let width = 2 * self.hidden;
                    let place = Place { shared: &pairs, start: task.rows.start, column, width };
                    place.write(0, part, depth);
                }
            });
        });
    }

    fn each(&self, work: impl Fn(Task) + Sync) {
        let sequences = self.offsets.len().saturating_sub(1);
        let tokens = self.offsets.last().copied().unwrap_or(0);
        threads::each(tokens * self.hidden > 1 << 13, sequences * self.count, |index| {
            let (sequence, head) = (index / self.count, index % self.count);
            let rows = self.offsets[sequence]..self.offsets[sequence + 1];
            let asking = if self.first_only { sequence..sequence + 1 } else { rows.clone() };
            work(Task { rows, asking, head });
        });
    }

    fn answers<'a>(&self, shared: &'a Shared<'a, T>, task: &Task) -> Place<'a, T> {
        let column = task.head * self.depth();
        Place { shared, start: task.asking.start, column, width: self.hidden }
    }

    /// The first token of an empty sequence asks nobody and gets nothing.
    fn silence(&self, task: &Task, place: &Place<'_, T>) {
        scratch::with(task.asking.len() * self.depth(), |zeros| {
            zeros.fill(0.0);
            place.write(0, zeros, self.depth());
        });
    }

    fn depth(&self) -> usize {
        self.hidden / self.count
    }

    fn scale(&self) -> f32 {
        1.0 / (self.depth() as f32).sqrt()
    }

    /// A block of a task's queries, or of what belongs to them.
    fn asked<'a>(&self, data: &'a [T], task: &Task, block: &Range<usize>) -> Operand<'a> {
        let from = (task.asking.start + block.start) * self.hidden + task.head * self.depth();
        T::mat(&data[from..], [block.len(), self.depth()], self.hidden)
    }

    /// Keys (0) or values (1) of a task.
    fn pair(&self, task: &Task, index: usize) -> Operand<'_> {
        let from = task.rows.start * 2 * self.hidden + index * self.hidden + task.head * self.depth();
        T::mat(&self.pairs[from..], [task.rows.len(), self.depth()], 2 * self.hidden)
    }

    fn scores(&self, out: &mut [f32], task: &Task, block: &Range<usize>) {
        let (queries, keys) = (self.asked(self.queries, task, block), self.pair(task, 0).t());
        serial_of(T::PRECISION, (out, task.rows.len()), queries, keys, false);
    }

    fn drop(&self, scores: &mut [f32], task: &Task, row: usize) {
        if let Some(noise) = self.noise {
            drop_piece(scores, noise.row(noise_row(task.rows.start + row, self.count, task.head)), 0);
        }
    }

    fn forward_block(&self, task: &Task, block: &Range<usize>, out: &Place<'_, T>, sums: &Shared<'_, f32>) {
        let (len, rows, depth) = (task.rows.len(), block.len(), self.depth());
        scratch::with(rows * (len + depth), |buffer| {
            let (scores, answers) = buffer.split_at_mut(rows * len);
            self.scores(scores, task, block);
            scratch::of(rows * len, |kept: &mut [T]| {
                for (row, scores) in scores.chunks_exact_mut(len).enumerate() {
                    let sum = passes::softmax(scores, self.scale());
                    if !sums.is_empty() {
                        let at = task.sum(self.count, block.start + row);
                        // SAFETY: each query of each head has a sum of its own.
                        let place = unsafe { sums.piece(at, 1) };
                        place[0] = sum;
                    }
                    self.drop(scores, task, block.start + row);
                    T::store(&mut kept[row * len..][..len], scores);
                }
                let kept = T::mat(kept, [rows, len], len);
                serial_of(T::PRECISION, (answers, depth), kept, self.pair(task, 1), false);
            });
            out.write(block.start, answers, depth);
        });
    }

    /// One block's share; the gradients of keys and values add up over blocks.
    fn backward_block(
        &self,
        task: &Task,
        block: &Range<usize>,
        (grad, sums): (&[T], &[f32]),
        out: &Place<'_, T>,
        (keys, values): (&mut [f32], &mut [f32]),
    ) {
        let (len, rows, depth) = (task.rows.len(), block.len(), self.depth());
        let g = self.asked(grad, task, block);
        scratch::with(rows * (2 * len + depth), |buffer| {
            let (p, rest) = buffer.split_at_mut(rows * len);
            let (ds, dq) = rest.split_at_mut(rows * len);
            self.scores(p, task, block);
            serial_of(T::PRECISION, (&mut *ds, len), g, self.pair(task, 1).t(), false);
            scratch::of(2 * rows * len, |kept: &mut [T]| {
                // Gradient of values wants dropped probabilities, the softmax wants whole ones.
                let (dropped, slopes) = kept.split_at_mut(rows * len);
                for (row, (p, ds)) in p.chunks_exact_mut(len).zip(ds.chunks_exact_mut(len)).enumerate() {
                    let row_of = |kept: &mut [T], x: &[f32]| T::store(&mut kept[row * len..][..len], x);
                    let sum = sums[task.sum(self.count, block.start + row)];
                    passes::softmax_again(p, self.scale(), sum);
                    self.drop(ds, task, block.start + row);
                    passes::softmax_back(ds, p, self.scale());
                    row_of(slopes, ds);
                    self.drop(p, task, block.start + row);
                    row_of(dropped, p);
                }
                let (dropped, slopes) = (T::mat(dropped, [rows, len], len), T::mat(slopes, [rows, len], len));
                let add = block.start > 0;
                serial_of(T::PRECISION, (values, depth), dropped.t(), g, add);
                serial_of(T::PRECISION, (&mut *dq, depth), slopes, self.pair(task, 0), false);
                serial_of(
                    T::PRECISION,
                    (keys, depth),
                    slopes.t(),
                    self.asked(self.queries, task, block),
                    add,
                );
            });
            out.write(block.start, dq, depth);
        });
    }
}
