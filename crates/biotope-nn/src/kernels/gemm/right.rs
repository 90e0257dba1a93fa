//! The right operand: panels of words, `[panel][word][column]`.

use std::ops::Range;

use super::door::Panels;
use super::mat::{Mat, Operand};
use super::turn::transpose;
use super::words::{Number, across, along};
use crate::Precision;
use crate::kernels::micro::{Micro, Words};
use crate::kernels::{scratch, threads};

/// Words of a row that are packed at a time.
const TURN: usize = 64;
/// Panels that a thread packs at a time.
const SHARE: usize = 4;

/// Words of the inner dimension of `k` steps.
pub(super) fn words(micro: Micro, k: usize) -> usize {
    k.div_ceil(micro.words.numbers()).next_multiple_of(micro.step)
}

/// Words of all panels of a right operand `[k, n]`.
pub(super) fn size(micro: Micro, [k, n]: [usize; 2]) -> usize {
    n.div_ceil(micro.nr) * micro.nr * words(micro, k)
}

/// Runs `work` on panels that are packed for it.
pub(super) fn with_panels<T>(
    micro: Micro,
    precision: Precision,
    b: Operand<'_>,
    parallel: bool,
    work: impl FnOnce(Panels<'_>) -> T,
) -> T {
    assert!(precision != Precision::Int8, "operands in int8 are packed once (`Packed`)");
    let shape = b.shape();
    scratch::of(size(micro, shape), |data: &mut [u32]| {
        pack(data, micro, precision, b, parallel);
        work(Panels { micro, precision, shape, data, scales: None })
    })
}

/// Packs `b` in `f32` or bf16.
pub(super) fn pack(data: &mut [u32], micro: Micro, precision: Precision, b: Operand<'_>, parallel: bool) {
    let size = words(micro, b.shape()[0]) * micro.nr;
    threads::chunks(parallel && data.len() > 1 << 15, data, SHARE * size, |index, panels| match b {
        Operand::F32(b) => pack_panels(panels, (micro, precision), b, index * SHARE * micro.nr),
        Operand::Bf16(b) => pack_panels(panels, (micro, precision), b, index * SHARE * micro.nr),
    });
}

/// Packs panels from a column of `b` on.
fn pack_panels<N: Number>(
    data: &mut [u32],
    (micro, precision): (Micro, Precision),
    b: Mat<'_, N>,
    first: usize,
) {
    let ([k, n], width, kind) = (b.shape, micro.nr, (micro.words, precision));
    let all = words(micro, k);
    // A block of rows goes to all panels before the next one, while its lines and pages are at hand.
    for from in (0..all).step_by(TURN) {
        let steps = from..(from + TURN).min(all);
        for (index, panel) in data.chunks_exact_mut(all * width).enumerate() {
            let columns = first + index * width..(first + (index + 1) * width).min(n);
            let panel = &mut panel[steps.start * width..steps.end * width];
            if b.by_rows() {
                across(panel, width, b, (steps.clone(), columns), kind);
            } else {
                turn(panel, width, b.t(), (steps.clone(), columns), kind);
            }
        }
    }
}

/// Some words of a panel from rows that lie along the inner dimension: `b [n, k]`.
fn turn<N: Number>(
    panel: &mut [u32],
    width: usize,
    b: Mat<'_, N>,
    (steps, columns): (Range<usize>, Range<usize>),
    (words, precision): (Words, Precision),
) {
    let (k, numbers) = (b.shape[1], words.numbers());
    let numbers = (steps.start * numbers).min(k)..(steps.end * numbers).min(k);
    scratch::of(width * TURN, |lines: &mut [u32]| {
        let (inside, beyond) = lines.split_at_mut(columns.len() * TURN);
        beyond.fill(0);
        for (line, column) in inside.chunks_exact_mut(TURN).zip(columns) {
            along(&mut line[..steps.len()], b.row(column, numbers.clone()), words, precision);
        }
        transpose((panel, width), (lines, TURN), [width, steps.len()]);
    });
}
