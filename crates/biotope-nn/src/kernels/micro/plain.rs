//! Kernels without special instructions: the twins of all others.

use super::{Micro, Precision, Run, Tile, Words};

const MR: usize = 4;
const NR: usize = 8;

pub(super) fn micro(precision: Precision) -> Micro {
    let (words, run): (Words, Run) = match precision {
        Precision::F32 | Precision::Bf16 => (Words::F32, float),
        Precision::Int8 => (Words::I16, whole),
    };
    Micro { mr: MR, nr: NR, step: 1, words, run, session: None }
}

/// # Safety
/// As [`Run`] says.
unsafe fn float(tile: &Tile) {
    // SAFETY: the caller's promise.
    let sums = unsafe { sums(tile, 0f32, |sum, a, b| sum + f32::from_bits(a) * f32::from_bits(b)) };
    // SAFETY: the caller's promise.
    unsafe { store(tile, sums, |c, sum| if tile.add { c + sum } else { sum }) };
}

/// # Safety
/// As [`Run`] says.
unsafe fn whole(tile: &Tile) {
    let halves = |word: u32| [i32::from(word as u16 as i16), i32::from((word >> 16) as u16 as i16)];
    let dot = |sum: i32, a: u32, b: u32| {
        let (a, b) = (halves(a), halves(b));
        sum + a[0] * b[0] + a[1] * b[1]
    };
    // SAFETY: the caller's promise.
    let sums = unsafe { sums(tile, 0i32, dot) };
    // SAFETY: the caller's promise.
    unsafe { store(tile, sums, |_, sum| f32::from_bits(sum as u32)) };
}

/// # Safety
/// As [`Run`] says.
#[expect(clippy::inline_always, reason = "one loop per kind of number")]
#[inline(always)]
unsafe fn sums<S: Copy>(tile: &Tile, zero: S, dot: impl Fn(S, u32, u32) -> S) -> [[S; NR]; MR] {
    let mut sums = [[zero; NR]; MR];
    // SAFETY: the caller promises `k` words for each column of the panel.
    let b = unsafe { std::slice::from_raw_parts(tile.b, tile.k * NR) };
    for (step, b) in b.chunks_exact(NR).enumerate() {
        for (row, sums) in sums.iter_mut().enumerate().take(tile.rows) {
            // SAFETY: the caller promises `rows` rows of `k` words.
            let a = unsafe { tile.a.0.add(row * tile.a.1 + 4 * step).cast::<u32>().read_unaligned() };
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = dot(*sum, a, *b);
            }
        }
    }
    sums
}

/// # Safety
/// As [`Run`] says.
unsafe fn store<S: Copy>(tile: &Tile, sums: [[S; NR]; MR], put: impl Fn(f32, S) -> f32) {
    for (row, sums) in sums.iter().enumerate().take(tile.rows) {
        // SAFETY: the caller promises `rows` rows of `NR` numbers.
        let c = unsafe { std::slice::from_raw_parts_mut(tile.c.0.add(row * tile.c.1), NR) };
        for (c, sum) in c.iter_mut().zip(sums) {
            *c = put(*c, *sum);
        }
    }
}
