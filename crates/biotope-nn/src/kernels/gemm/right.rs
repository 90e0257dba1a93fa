//! The right operand: panels of words, `[panel][word][column]`.

use std::ops::Range;

use super::door::Panels;
use super::mat::{Mat, Operand};
use super::turn::transpose;
use super::words::{Number, across, along};
use crate::Precision;
use crate::kernels::micro::Micro;
use crate::kernels::{scratch, threads};

/// Words of a row that are turned at a time.
const TURN: usize = 64;

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
    let ([k, n], width) = (b.shape(), micro.nr);
    let size = words(micro, k) * width;
    threads::chunks(parallel && data.len() > 1 << 15, data, size, |index, panel| {
        let columns = index * width..((index + 1) * width).min(n);
        match b {
            Operand::F32(b) => pack_panel(panel, micro, precision, b, columns),
            Operand::Bf16(b) => pack_panel(panel, micro, precision, b, columns),
        }
    });
}

fn pack_panel<N: Number>(
    panel: &mut [u32],
    micro: Micro,
    precision: Precision,
    b: Mat<'_, N>,
    columns: Range<usize>,
) {
    let (k, width, kind) = (b.shape[0], micro.nr, (micro.words, precision));
    let (all, numbers) = (panel.len() / width, micro.words.numbers());
    if b.by_rows() {
        return across(panel, width, b, (0..all, columns), kind);
    }
    scratch::of(width * TURN, |lines: &mut [u32]| {
        for from in (0..all).step_by(TURN) {
            let steps = from..(from + TURN).min(all);
            let numbers = (steps.start * numbers).min(k)..(steps.end * numbers).min(k);
            let (inside, beyond) = lines.split_at_mut(columns.len() * TURN);
            beyond.fill(0);
            for (line, column) in inside.chunks_exact_mut(TURN).zip(columns.clone()) {
                along(&mut line[..steps.len()], b.t().row(column, numbers.clone()), kind.0, kind.1);
            }
            transpose((&mut panel[from * width..], width), (lines, TURN), [width, steps.len()]);
        }
    });
}
