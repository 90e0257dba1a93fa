//! Products of bytes: exact sums of whole numbers, scaled.
//!
//! The right operand has a scale per column, `|w| / 127` at most; the left one a scale per row, found when it is used. On
//! the left, bytes are unsigned: 128 stands for zero, and `128 Σ w` is taken off every sum.

use std::ops::Range;

use super::door::Panels;
use super::mat::{Mat, Operand};
use super::right;
use super::words::Number;
use crate::kernels::isa::versions;
use crate::kernels::micro::{Micro, Rows, Words};
use crate::kernels::scratch;

/// Largest whole number.
const MOST: f32 = 127.0;
/// The longest inner dimension whose sums are sure to fit 32 bits: `255 · 127 · k < 2³¹`.
const LONGEST: usize = 1 << 16;

/// What takes sums back to numbers.
#[derive(Default)]
pub(super) struct Scales {
    /// Scale per column.
    scales: Vec<f32>,
    /// What the left operand's zero adds to the sums of a column.
    zeros: Vec<i32>,
}

/// Packs `b [k, n]`.
pub(super) fn pack(data: &mut [u32], scales: &mut Scales, micro: Micro, b: Operand<'_>) {
    let [k, n] = b.shape();
    assert!(k <= LONGEST, "an inner dimension in int8 has at most {LONGEST} numbers, got {k}");
    data.fill(0);
    scales.scales.clear();
    scales.zeros.clear();
    let panel = right::words(micro, k) * micro.nr;
    scratch::with(k, |line| {
        for column in 0..n {
            read(line, b.t(), column);
            let (scale, inverse) = scale(most(line));
            let place = column / micro.nr * panel + column % micro.nr;
            let sum = place_column(data.get_mut(place..).unwrap_or_default(), micro, line, inverse);
            scales.scales.push(scale);
            scales.zeros.push(if micro.words == Words::I8 { 128 * sum } else { 0 });
        }
    });
}

/// Puts a column into its panel; returns the sum of its whole numbers.
fn place_column(panel: &mut [u32], micro: Micro, line: &[f32], inverse: f32) -> i32 {
    let numbers = micro.words.numbers();
    let bits = 32 / numbers;
    let mut sum = 0;
    for (word, line) in panel.iter_mut().step_by(micro.nr).zip(line.chunks(numbers)) {
        for (at, x) in line.iter().enumerate() {
            let whole = (x * inverse).round_ties_even() as i32;
            sum += whole;
            *word |= (whole as u32 & (u32::MAX >> (32 - bits))) << (at * bits);
        }
    }
    sum
}

/// Makes the rows of `left` as words; a row's scale comes after them.
pub(super) fn make(panels: &Panels<'_>, made: &mut [u32], stride: usize, left: Operand<'_>) {
    let ([_, k], words) = (left.shape(), panels.words());
    for (row, made) in made.chunks_exact_mut(stride).enumerate() {
        let (made, after) = made.split_at_mut(words);
        made[k / panels.micro.words.numbers()..].fill(0);
        after[0] = match left {
            Operand::F32(left) if left.by_rows() => make_row(panels, made, left.row(row, 0..k)),
            _ => scratch::with(k, |line| {
                read(line, left, row);
                make_row(panels, made, line)
            }),
        };
    }
}

/// Makes the whole numbers of a row; returns its scale, as bits.
fn make_row(panels: &Panels<'_>, made: &mut [u32], line: &[f32]) -> u32 {
    let (scale, inverse) = scale(most(line));
    match panels.micro.words {
        Words::I8 => bytes(&mut scratch::words_as(made)[..line.len()], line, inverse),
        _ => halves(&mut scratch::words_as(made)[..line.len()], line, inverse),
    }
    scale.to_bits()
}

/// The scale of a row that was made.
fn row_scale(left: Rows<'_>, words: usize, row: usize) -> f32 {
    let bytes = &left.bytes[row * left.stride + 4 * words..];
    f32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// Takes the sums of some rows, whose bits lie in `c`, back to numbers.
pub(super) fn finish(
    panels: &Panels<'_>,
    scales: &Scales,
    left: Rows<'_>,
    (c, stride): (&mut [f32], usize),
    (rows, columns): (usize, Range<usize>),
) {
    for (row, line) in c.chunks_mut(stride).enumerate().take(rows) {
        let scale = row_scale(left, panels.words(), row);
        let line = &mut line[..columns.len()];
        finish_row(line, &scales.scales[columns.clone()], &scales.zeros[columns.clone()], scale);
    }
}

/// A row of an operand as `f32`.
fn read(line: &mut [f32], x: Operand<'_>, row: usize) {
    fn read<N: Number>(line: &mut [f32], x: Mat<'_, N>, row: usize) {
        if x.by_rows() {
            return N::to_f32(line, x.row(row, 0..line.len()));
        }
        for (column, out) in line.iter_mut().enumerate() {
            N::to_f32(
                std::slice::from_mut(out),
                &x.row(row, 0..x.data.len() - row)[column * x.strides[1]..][..1],
            );
        }
    }
    match x {
        Operand::F32(x) => read(line, x, row),
        Operand::Bf16(x) => read(line, x, row),
    }
}

/// The scale for numbers up to `most`, and what to multiply them with. Infinity and NaN make every result NaN.
fn scale(most: f32) -> (f32, f32) {
    let scale = most / MOST;
    if scale.is_normal() {
        (scale, MOST / most)
    } else if most.is_finite() {
        (0.0, 0.0)
    } else {
        (f32::NAN, 0.0)
    }
}

versions! {
    /// The largest magnitude; NaN if there is one.
    fn most(x: &[f32]) -> f32 {
        // As bits, magnitudes are in order, and NaN is above infinity.
        f32::from_bits(x.iter().fold(0, |most, x| most.max(x.to_bits() & 0x7fff_ffff)))
    }

    /// Whole numbers with 128 for zero.
    fn bytes(out: &mut [u8], x: &[f32], inverse: f32) {
        for (out, x) in out.iter_mut().zip(x) { *out = (whole(*x * inverse) + 128) as u8; }
    }

    /// Whole numbers of 16 bits.
    fn halves(out: &mut [u16], x: &[f32], inverse: f32) {
        for (out, x) in out.iter_mut().zip(x) { *out = whole(*x * inverse) as u16; }
    }

    fn finish_row(values: &mut [f32], scales: &[f32], zeros: &[i32], scale: f32) {
        for ((value, column), zero) in values.iter_mut().zip(scales).zip(zeros) {
            *value = (value.to_bits() as i32).wrapping_sub(*zero) as f32 * (scale * column);
        }
    }
}

/// The nearest whole number, ties to even, of a number below 2²².
#[inline(always)]
fn whole(x: f32) -> i32 {
    // Adding 1.5 · 2²³ rounds; the low bits are the number.
    const SHIFT: f32 = 12_582_912.0;
    ((x + SHIFT).to_bits() as i32).wrapping_sub(SHIFT.to_bits() as i32)
}
