//! Cells of the output, and the loops within one.
#![expect(unsafe_code, reason = "cells that share rows write to different columns of one slice")]

use std::ops::Range;

use super::int8::{self, Scales};
use super::left::{Left, once, with_rows};
use super::mat::Operand;
use super::right;
use crate::Precision;
use crate::kernels::micro::{MAX_TILE, Micro, Rows, Tiles};
use crate::kernels::shared::Shared;
use crate::kernels::{scratch, threads};

/// Most words of the inner dimension that are summed before the output is touched.
const DEPTH: usize = 256;
/// Most rows of a cell: with [`DEPTH`] words they stay in the second-level cache.
const ROWS: usize = 96;
/// Widest panel of all paths.
pub(super) const WIDEST: usize = 96;
/// Products below this many multiply-adds are not worth a second thread.
const SERIAL: usize = 1 << 17;

/// Where a piece of a row of the output begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its row.
    pub(crate) row: usize,
    /// Its first column.
    pub(crate) column: usize,
}

/// A packed right operand.
#[derive(Clone, Copy)]
pub(super) struct Panels<'a> {
    pub(super) micro: Micro,
    pub(super) precision: Precision,
    /// `[k, n]`.
    pub(super) shape: [usize; 2],
    pub(super) data: &'a [u32],
    /// In int8.
    pub(super) scales: Option<&'a Scales>,
}

impl Panels<'_> {
    /// Words of the inner dimension.
    pub(super) fn words(&self) -> usize {
        right::words(self.micro, self.shape[0])
    }

    fn count(&self) -> usize {
        self.shape[1].div_ceil(self.micro.nr)
    }

    /// Words that are summed before the output is touched.
    fn depth(&self) -> usize {
        let words = self.words();
        if self.scales.is_some() {
            words
        } else {
            words.div_ceil(words.div_ceil(DEPTH)).next_multiple_of(self.micro.step)
        }
    }

    /// Columns of the output that some panels have.
    fn columns(&self, panels: &Range<usize>) -> Range<usize> {
        panels.start * self.micro.nr..(panels.end * self.micro.nr).min(self.shape[1])
    }
}

/// A product that is about to run.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    left: Left<'a>,
    right: Panels<'a>,
    m: usize,
    n: usize,
}

impl<'a> Job<'a> {
    pub(super) fn new(left: Operand<'a>, right: Panels<'a>) -> Self {
        let ([m, k], [inner, n]) = (left.shape(), right.shape);
        assert!(k == inner, "shapes of a product fit: [{m}, {k}] · [{inner}, {n}]");
        Self { left: Left::Raw(left), right, m, n }
    }

    /// Into `c` on this thread, whose rows start `stride` apart.
    pub(super) fn serial(&self, (c, stride): (&mut [f32], usize), add: bool) {
        assert!(self.m == 0 || c.len() >= (self.m - 1) * stride + self.n, "the output holds the product");
        for row in (0..self.m).step_by(ROWS) {
            let rows = row..(row + ROWS).min(self.m);
            self.cell(rows, 0..self.right.count(), (&mut c[row * stride..], stride), add);
        }
    }

    /// Into `c`, in cells of whole rows; `after` gets them one by one.
    pub(super) fn rows<S: Send>(
        &self,
        c: &mut [f32],
        side: &mut [S],
        add: bool,
        after: impl Fn(Span, &mut [f32], &mut [S]) + Sync,
    ) {
        assert!(c.len() == self.m * self.n, "the output holds the product");
        if c.is_empty() {
            return;
        }
        let (rows, n) = (self.cells(true).0, self.n);
        threads::pairs(self.parallel(), (c, side), rows * n, |index, c, side| {
            let first = index * rows;
            self.cell(first..first + c.len() / n, 0..self.right.count(), (&mut *c, n), add);
            threads::pairs(false, (c, side), n, |row, c, side| {
                after(Span { row: first + row, column: 0 }, c, side);
            });
        });
    }

    /// Into `c`; `after` gets pieces of rows.
    pub(super) fn in_place<S: Send>(
        &self,
        c: &mut [f32],
        side: &mut [S],
        add: bool,
        after: impl Fn(Span, &mut [f32], &mut [S]) + Sync,
    ) {
        if self.cells(false).1 >= self.right.count() {
            return self.rows(c, side, add, after);
        }
        let before = add.then_some(|values: &mut [f32], c: &[f32]| values.copy_from_slice(c));
        self.pieces(c, side, before.as_ref(), |span, values, c, side| {
            c.copy_from_slice(values);
            after(span, c, side);
        });
    }

    /// Into a cell of its own, from where `after` takes it to `out` by pieces of rows.
    pub(super) fn through<T: Send, S: Send>(
        &self,
        out: &mut [T],
        side: &mut [S],
        after: impl Fn(Span, &mut [f32], &mut [T], &mut [S]) + Sync,
    ) {
        self.pieces(out, side, None::<&fn(&mut [f32], &[T])>, after);
    }

    fn pieces<T: Send, S: Send>(
        &self,
        out: &mut [T],
        side: &mut [S],
        before: Option<&(impl Fn(&mut [f32], &[T]) + Sync)>,
        after: impl Fn(Span, &mut [f32], &mut [T], &mut [S]) + Sync,
    ) {
        assert!(out.len() == self.m * self.n, "the output holds the product");
        assert!(side.is_empty() || side.len() == out.len(), "the side output is as long as the output");
        if out.is_empty() {
            return;
        }
        let (cells, outputs) = (self.cells(false), (Shared::new(out), Shared::new(side)));
        let across = self.right.count().div_ceil(cells.1);
        let count = self.m.div_ceil(cells.0) * across;
        let run = |left: Left<'_>| {
            let job = Job { left, right: self.right, m: self.m, n: self.n };
            threads::each(self.parallel(), count, |index| {
                let (row, panel) = (index / across * cells.0, index % across * cells.1);
                let rows = row..(row + cells.0).min(self.m);
                let panels = panel..(panel + cells.1).min(self.right.count());
                // SAFETY: this is the only cell with these rows and panels.
                unsafe { job.piece((rows, panels), &outputs, before, &after) };
            });
        };
        match self.left {
            Left::Raw(left) if across > 1 => once(&self.right, left, self.parallel(), run),
            left => run(left),
        }
    }

    /// A cell of [`Job::pieces`].
    ///
    /// # Safety
    /// Nobody else has these rows and panels of the outputs.
    unsafe fn piece<T, S>(
        &self,
        (rows, panels): (Range<usize>, Range<usize>),
        (out, side): &(Shared<'_, T>, Shared<'_, S>),
        before: Option<&impl Fn(&mut [f32], &[T])>,
        after: impl Fn(Span, &mut [f32], &mut [T], &mut [S]),
    ) {
        let columns = self.right.columns(&panels);
        let width = columns.len().next_multiple_of(16);
        // SAFETY: this thread has the cell, and each row of it is held once at a time.
        let part = |row: usize| unsafe {
            let from = row * self.n + columns.start;
            (out.piece(from, columns.len()), side.piece(from, columns.len()))
        };
        scratch::with(rows.len() * width, |values| {
            if let Some(before) = before {
                for (row, values) in rows.clone().zip(values.chunks_exact_mut(width)) {
                    before(&mut values[..columns.len()], part(row).0);
                }
            }
            self.cell(rows.clone(), panels, (&mut *values, width), before.is_some());
            for (row, values) in rows.zip(values.chunks_exact_mut(width)) {
                let (out, side) = part(row);
                after(Span { row, column: columns.start }, &mut values[..columns.len()], out, side);
            }
        });
    }

    /// Whether more than one thread pays.
    fn parallel(&self) -> bool {
        self.m * self.n * self.right.shape[0] >= SERIAL
    }

    /// Rows and panels of a cell: few rows are cut by columns too, unless `whole` rows are wanted.
    fn cells(&self, whole: bool) -> (usize, usize) {
        let (panels, mr) = (self.right.count(), self.right.micro.mr);
        let tasks = if self.parallel() { 4 * rayon::current_num_threads() } else { 1 };
        let blocks = if whole { tasks.max(self.m.div_ceil(ROWS)) } else { self.m.div_ceil(ROWS) };
        let rows = self.m.div_ceil(blocks.max(1)).next_multiple_of(mr).clamp(1, ROWS);
        let across = if whole { 1 } else { tasks.div_ceil(self.m.div_ceil(rows).max(1)).min(panels) };
        (rows, panels.div_ceil(across.max(1)))
    }

    /// Some rows and panels of the output, in `c` with rows `stride` apart.
    fn cell(&self, rows: Range<usize>, panels: Range<usize>, (c, stride): (&mut [f32], usize), add: bool) {
        let (left, columns) = (self.left.rows(&rows), self.right.columns(&panels));
        if self.right.shape[0] == 0 {
            let lines = c.chunks_mut(stride.max(1)).take(if add { 0 } else { rows.len() });
            return lines.for_each(|line| line[..columns.len()].fill(0.0));
        }
        let (words, depth) = (self.right.words(), self.right.depth());
        assert!(self.right.scales.is_none() || !add, "products in int8 are not added up");
        for start in (0..words).step_by(depth) {
            let steps = start..(start + depth).min(words);
            with_rows(&self.right, left, steps.clone(), |left| {
                self.tiles(left, rows.len(), steps, panels.clone(), (&mut *c, stride), add || start > 0);
                if let Some(scales) = self.right.scales {
                    int8::finish(&self.right, scales, left, (&mut *c, stride), (rows.len(), columns.clone()));
                }
            });
        }
    }

    /// The tiles of a cell over some steps of words; `left` begins at the first.
    fn tiles(
        &self,
        left: Rows<'_>,
        count: usize,
        steps: Range<usize>,
        panels: Range<usize>,
        (c, stride): (&mut [f32], usize),
        add: bool,
    ) {
        let (micro, columns) = (self.right.micro, self.right.columns(&panels).len());
        let tiles = micro.start();
        let size = self.right.words() * micro.nr;
        for (index, panel) in panels.enumerate() {
            let right = &self.right.data[panel * size..][steps.start * micro.nr..steps.end * micro.nr];
            let column = index * micro.nr;
            let width = micro.nr.min(columns - column);
            for row in (0..count).step_by(micro.mr) {
                let left = Rows { bytes: &left.bytes[row * left.stride..], ..left };
                let shape = [micro.mr.min(count - row), steps.len()];
                let place = &mut c[row * stride + column..];
                if width == micro.nr {
                    tiles.tile(shape, left, right, (place, stride), add);
                } else {
                    edge(&tiles, micro.nr, shape, left, right, (place, stride, width), add);
                }
            }
        }
    }
}

/// A tile at the right edge of the output, by way of a whole one.
fn edge(
    tiles: &Tiles,
    nr: usize,
    shape: [usize; 2],
    left: Rows<'_>,
    right: &[u32],
    (c, stride, width): (&mut [f32], usize, usize),
    add: bool,
) {
    let mut whole = [0f32; MAX_TILE];
    tiles.tile(shape, left, right, (&mut whole, nr), false);
    for (c, whole) in c.chunks_mut(stride).zip(whole.chunks_exact(nr)).take(shape[0]) {
        for (c, whole) in c[..width].iter_mut().zip(whole) {
            *c = if add { *c + whole } else { *whole };
        }
    }
}
