//! The innermost product: one tile of the output in registers, over packed operands.
//!
//! Each number of the tile is one chain of multiply-adds over `k`, in order; a tile's neighbours do not matter.
#![expect(unsafe_code, reason = "vector registers are reached through pointers")]

use super::isa::Isa;

/// Adds nothing, overwrites or adds up: `tile = a · b`, for `a [k][MR]` and `b [k][NR]` packed.
type Run = unsafe fn(k: usize, a: *const f32, b: *const f32, c: *mut f32, stride: usize, add: bool);

/// A tile's shape, and who computes it.
#[derive(Clone, Copy)]
pub(crate) struct Micro {
    /// Rows of a tile.
    pub(crate) mr: usize,
    /// Columns of a tile.
    pub(crate) nr: usize,
    run: Run,
}

/// Largest tile of all instruction sets.
pub(crate) const MAX_TILE: usize = 12 * 32;

impl Micro {
    /// The kernel for an instruction set that this machine has.
    pub(crate) fn of(isa: Isa) -> Self {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Self { mr: 12, nr: 32, run: x86::avx512 },
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Self { mr: 6, nr: 16, run: x86::avx2 },
            Isa::Plain => Self { mr: 4, nr: 8, run: plain },
        }
    }

    /// Computes a whole tile into `c`, whose rows are `stride` apart; adds to it if `add`.
    pub(crate) fn tile(&self, k: usize, a: &[f32], b: &[f32], c: &mut [f32], stride: usize, add: bool) {
        assert!(a.len() >= k * self.mr && b.len() >= k * self.nr, "packed operands cover the tile");
        assert!(
            stride >= self.nr && c.len() >= (self.mr - 1) * stride + self.nr,
            "the output holds the tile"
        );
        // SAFETY: the operands hold `k` steps and the output all rows and columns of the tile (asserted above);
        // `of` hands out a kernel only for an instruction set that was detected.
        unsafe { (self.run)(k, a.as_ptr(), b.as_ptr(), c.as_mut_ptr(), stride, add) }
    }
}

/// SAFETY: as asserted in [`Micro::tile`].
unsafe fn plain(k: usize, a: *const f32, b: *const f32, c: *mut f32, stride: usize, add: bool) {
    // SAFETY: the caller promises lengths.
    let (a, b) = unsafe { (std::slice::from_raw_parts(a, 4 * k), std::slice::from_raw_parts(b, 8 * k)) };
    let mut acc = [[0f32; 8]; 4];
    for (a, b) in a.chunks_exact(4).zip(b.chunks_exact(8)) {
        for (row, a) in acc.iter_mut().zip(a) {
            for (sum, b) in row.iter_mut().zip(b) {
                *sum += a * b;
            }
        }
    }
    for (i, row) in acc.iter().enumerate() {
        // SAFETY: the caller promises four rows of eight.
        let c = unsafe { std::slice::from_raw_parts_mut(c.add(i * stride), 8) };
        for (c, sum) in c.iter_mut().zip(row) {
            *c = if add { *c + sum } else { *sum };
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
        _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
    };

    macro_rules! kernel {
        ($name:ident, $features:literal, $mr:literal, $lanes:literal, $zero:ident, $load:ident, $splat:ident, $fma:ident, $sum:ident, $store:ident) => {
            /// SAFETY: as asserted in [`super::Micro::tile`], and the features are there.
            #[target_feature(enable = $features)]
            pub(super) unsafe fn $name(
                k: usize,
                mut a: *const f32,
                mut b: *const f32,
                c: *mut f32,
                stride: usize,
                add: bool,
            ) {
                let mut acc = [[$zero(); 2]; $mr];
                for _ in 0..k {
                    // SAFETY: the caller promises `k` steps of both operands.
                    unsafe {
                        let (b0, b1) = ($load(b), $load(b.add($lanes)));
                        for i in 0..$mr {
                            let x = $splat(*a.add(i));
                            acc[i][0] = $fma(x, b0, acc[i][0]);
                            acc[i][1] = $fma(x, b1, acc[i][1]);
                        }
                        a = a.add($mr);
                        b = b.add(2 * $lanes);
                    }
                }
                for (i, row) in acc.iter().enumerate() {
                    for (j, sum) in row.iter().enumerate() {
                        // SAFETY: the caller promises all rows and columns of the tile.
                        unsafe {
                            let place = c.add(i * stride + j * $lanes);
                            $store(place, if add { $sum($load(place), *sum) } else { *sum });
                        }
                    }
                }
            }
        };
    }

    kernel!(
        avx512,
        "avx512f,fma",
        12,
        16,
        _mm512_setzero_ps,
        _mm512_loadu_ps,
        _mm512_set1_ps,
        _mm512_fmadd_ps,
        _mm512_add_ps,
        _mm512_storeu_ps
    );
    kernel!(
        avx2,
        "avx2,fma",
        6,
        8,
        _mm256_setzero_ps,
        _mm256_loadu_ps,
        _mm256_set1_ps,
        _mm256_fmadd_ps,
        _mm256_add_ps,
        _mm256_storeu_ps
    );
}
