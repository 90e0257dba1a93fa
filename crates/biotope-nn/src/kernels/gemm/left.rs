//! The left operand: rows of words, in place or made.

use std::ops::Range;

use super::door::Panels;
use super::int8;
use super::mat::{Mat, Operand};
use super::turn::transpose;
use super::words::{Number, across, along};
use crate::Precision;
use crate::kernels::micro::{Rows, Words};
use crate::kernels::scratch::{self, Plain};
use crate::kernels::threads;

/// Steps of words that are turned at a time.
const TURN: usize = 32;
/// Rows that a thread makes at a time.
const SHARE: usize = 32;

/// The left operand of a product.
#[derive(Clone, Copy)]
pub(super) enum Left<'a> {
    /// As it came.
    Raw(Operand<'a>),
    /// Words over the whole inner dimension, made for all cells.
    Made(Rows<'a>),
}

impl Left<'_> {
    /// Some rows.
    pub(super) fn rows(self, rows: &Range<usize>) -> Self {
        match self {
            Self::Raw(operand) => Self::Raw(operand.rows(rows)),
            Self::Made(all) => Self::Made(Rows { bytes: &all.bytes[rows.start * all.stride..], ..all }),
        }
    }
}

/// Runs `work` on all rows of `left` over some steps of words.
pub(super) fn with_rows<T>(
    panels: &Panels<'_>,
    left: Left<'_>,
    steps: Range<usize>,
    work: impl FnOnce(Rows<'_>) -> T,
) -> T {
    match left {
        Left::Made(all) => work(Rows { bytes: &all.bytes[4 * steps.start..], ..all }),
        Left::Raw(operand) => match in_place(panels, operand, &steps) {
            Some(rows) => work(rows),
            None => with_made(panels, operand, steps, false, work),
        },
    }
}

/// Runs `work` on a left operand whose rows are made once, for cells that share them.
pub(super) fn once<T>(
    panels: &Panels<'_>,
    left: Operand<'_>,
    parallel: bool,
    work: impl FnOnce(Left<'_>) -> T,
) -> T {
    let steps = 0..panels.words();
    if in_place(panels, left, &steps).is_some() {
        return work(Left::Raw(left));
    }
    with_made(panels, left, steps, parallel, |rows| work(Left::Made(rows)))
}

/// The rows, if they are words already.
fn in_place<'a>(panels: &Panels<'_>, left: Operand<'a>, steps: &Range<usize>) -> Option<Rows<'a>> {
    fn rows<'a, N: Plain>(panels: &Panels<'_>, left: Mat<'a, N>, steps: &Range<usize>) -> Option<Rows<'a>> {
        let numbers = panels.micro.words.numbers();
        (left.by_rows() && left.shape[1] == panels.words() * numbers).then(|| {
            let bytes = scratch::bytes(left.data.get(steps.start * numbers..).unwrap_or_default());
            Rows { bytes, stride: left.strides[0] * size_of::<N>() }
        })
    }
    match (left, panels.micro.words, panels.precision) {
        (Operand::F32(left), Words::F32, Precision::F32) => rows(panels, left, steps),
        (Operand::Bf16(left), Words::Bf16, _) => rows(panels, left, steps),
        _ => None,
    }
}

fn with_made<T>(
    panels: &Panels<'_>,
    left: Operand<'_>,
    steps: Range<usize>,
    parallel: bool,
    work: impl FnOnce(Rows<'_>) -> T,
) -> T {
    let stride = row_stride(steps.len() + usize::from(panels.scales.is_some()));
    scratch::of(left.shape()[0] * stride, |made: &mut [u32]| {
        let share = if parallel { SHARE * stride } else { made.len() };
        threads::chunks(parallel, made, share, |index, made| {
            let first = index * SHARE;
            let left = left.rows(&(first..first + made.len() / stride));
            match (panels.scales, left) {
                (Some(_), _) => int8::make(panels, made, stride, left),
                (None, Operand::F32(left)) => make(panels, made, stride, left, &steps),
                (None, Operand::Bf16(left)) => make(panels, made, stride, left, &steps),
            }
        });
        work(Rows { bytes: scratch::bytes(made), stride: 4 * stride })
    })
}

fn make<N: Number>(
    panels: &Panels<'_>,
    made: &mut [u32],
    stride: usize,
    left: Mat<'_, N>,
    steps: &Range<usize>,
) {
    let ([m, k], kind) = (left.shape, (panels.micro.words, panels.precision));
    let numbers = kind.0.numbers();
    if left.by_rows() {
        let columns = (steps.start * numbers).min(k)..(steps.end * numbers).min(k);
        for (row, made) in made.chunks_exact_mut(stride).enumerate() {
            along(&mut made[..steps.len()], left.row(row, columns.clone()), kind.0, kind.1);
        }
        return;
    }
    scratch::of(TURN * m, |lines: &mut [u32]| {
        for from in steps.clone().step_by(TURN) {
            let turned = from..(from + TURN).min(steps.end);
            across(&mut lines[..turned.len() * m], m, left.t(), (turned.clone(), 0..m), kind);
            transpose((&mut made[from - steps.start..], stride), (lines, m), [turned.len(), m]);
        }
    });
}

/// Words between rows: whole cache lines, and not a multiple of a quarter page, whose lines would meet in the same sets of
/// the cache.
fn row_stride(words: usize) -> usize {
    let stride = words.next_multiple_of(16);
    if stride.is_multiple_of(256) { stride + 16 } else { stride }
}
