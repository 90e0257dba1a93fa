//! The left operand: rows of words, in place or made.

use std::ops::Range;

use super::door::Panels;
use super::mat::{Mat, Operand};
use super::packed;
use super::turn::transpose;
use super::words::{Number, across, along};
use crate::Precision;
use crate::kernels::micro::{Rows, Words};
use crate::kernels::scratch;

/// Steps of words that are turned at a time.
const TURN: usize = 32;

/// Runs `work` on all rows of `left` over some steps of words.
pub(super) fn with_rows<T>(
    panels: &Panels<'_>,
    left: Operand<'_>,
    steps: Range<usize>,
    work: impl FnOnce(Rows<'_>) -> T,
) -> T {
    match left {
        Operand::F32(mat) => {
            let ready = panels.micro.words == Words::F32 && panels.precision == Precision::F32;
            rows(panels, mat, ready, steps, work)
        }
        Operand::Bf16(mat) => rows(panels, mat, panels.micro.words == Words::Bf16, steps, work),
    }
}

fn rows<N: Number, T>(
    panels: &Panels<'_>,
    left: Mat<'_, N>,
    ready: bool,
    steps: Range<usize>,
    work: impl FnOnce(Rows<'_>) -> T,
) -> T {
    let (k, numbers) = (left.shape[1], panels.micro.words.numbers());
    if ready && left.by_rows() && k == panels.words() * numbers {
        let bytes = scratch::bytes(left.data.get(steps.start * numbers..).unwrap_or_default());
        return work(Rows { bytes, stride: left.strides[0] * size_of::<N>() });
    }
    let stride = packed::row_stride(steps.len());
    scratch::of(left.shape[0] * stride, |made: &mut [u32]| {
        make(panels, made, stride, left, steps);
        work(Rows { bytes: scratch::bytes(made), stride: 4 * stride })
    })
}

fn make<N: Number>(
    panels: &Panels<'_>,
    made: &mut [u32],
    stride: usize,
    left: Mat<'_, N>,
    steps: Range<usize>,
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
