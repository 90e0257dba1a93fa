//! Kernels of AVX2 and AVX-512.

use std::arch::x86_64::{
    __m256, __m512, __m512bh, _mm256_add_epi32, _mm256_add_ps, _mm256_castps_si256, _mm256_castsi256_ps,
    _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_madd_epi16, _mm256_set1_epi32, _mm256_setzero_ps,
    _mm256_storeu_ps, _mm512_add_epi32, _mm512_add_ps, _mm512_castps_si512, _mm512_castsi512_ps,
    _mm512_dpbf16_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_epi32,
    _mm512_setzero_ps, _mm512_storeu_ps,
};
use std::mem::transmute;

use super::{Micro, Path, Precision, Run, Tile, Words, amx};

/// The kernel of a path, if it has one of its own.
pub(super) fn micro(path: Path, precision: Precision) -> Option<Micro> {
    let wide = |words, run: Run| Some(Micro { mr: 12, nr: 32, step: 1, words, run, session: None });
    let narrow = |words, run: Run| Some(Micro { mr: 6, nr: 16, step: 1, words, run, session: None });
    match (path, precision) {
        (Path::Portable, _) => None,
        (Path::Amx, Precision::Bf16 | Precision::Int8) => Some(amx::micro(precision)),
        (Path::Avx512Bf16, Precision::Bf16) => wide(Words::Bf16, bf16_512),
        (Path::Avx512Bf16, Precision::Int8) => wide(Words::I8, i8_512),
        // Measured: with 512 bits this takes twice as long.
        (Path::Avx512 | Path::Avx2, Precision::Int8) => narrow(Words::I16, i16_256),
        (Path::Avx2, _) => narrow(Words::F32, f32_256),
        _ => wide(Words::F32, f32_512),
    }
}

/// A kernel for each number of rows: two vectors of sums per row, two of the panel and one of a spread left word.
macro_rules! kernel {
    (
        $name:ident, $tile:ident, $features:literal, $vector:ty, $lanes:literal, rows $($rows:literal)*,
        $zero:ident, $load:ident, $splat:ident, $dot:ident, $sum:ident, $store:ident
    ) => {
        /// # Safety
        /// As [`Run`] says.
        unsafe fn $name(tile: &Tile) {
            // SAFETY: the caller's promise.
            unsafe {
                match tile.rows {
                    $($rows => $tile::<$rows>(tile),)*
                    _ => unreachable!("a tile has at most as many rows as its kernel"),
                }
            }
        }

        /// # Safety
        /// As [`Run`] says, for `MR` rows.
        #[target_feature(enable = $features)]
        unsafe fn $tile<const MR: usize>(tile: &Tile) {
            let mut sums = [[$zero(); 2]; MR];
            let (first, stride) = tile.a;
            // Three rows share a pointer: the processor adds once or twice the stride for nothing.
            let mut a: [*const u8; 4] = std::array::from_fn(|i| first.wrapping_add(3 * i * stride));
            let mut b = tile.b.cast::<f32>();
            for _ in 0..tile.k {
                // SAFETY: the caller promises `k` words of both operands.
                unsafe {
                    let (b0, b1) = ($load(b), $load(b.add($lanes)));
                    for i in 0..MR {
                        let x = $splat(a[i / 3].wrapping_add(i % 3 * stride));
                        sums[i][0] = $dot(sums[i][0], x, b0);
                        sums[i][1] = $dot(sums[i][1], x, b1);
                    }
                    b = b.add(2 * $lanes);
                }
                a = a.map(|a| a.wrapping_add(4));
            }
            for (i, row) in sums.iter().enumerate() {
                for (j, sum) in row.iter().enumerate() {
                    // SAFETY: the caller promises all rows and columns of the tile.
                    unsafe {
                        let place = tile.c.0.add(i * tile.c.1 + j * $lanes);
                        $store(place, if tile.add { $sum($load(place), *sum) } else { *sum });
                    }
                }
            }
        }
    };
}

macro_rules! kernel_512 {
    ($name:ident, $tile:ident, $features:literal, $dot:ident, $sum:ident) => {
        kernel!(
            $name, $tile, $features, __m512, 16, rows 1 2 3 4 5 6 7 8 9 10 11 12,
            _mm512_setzero_ps, _mm512_loadu_ps, splat_512, $dot, $sum, _mm512_storeu_ps
        );
    };
}

macro_rules! kernel_256 {
    ($name:ident, $tile:ident, $dot:ident, $sum:ident) => {
        kernel!(
            $name, $tile, "avx2,fma", __m256, 8, rows 1 2 3 4 5 6,
            _mm256_setzero_ps, _mm256_loadu_ps, splat_256, $dot, $sum, _mm256_storeu_ps
        );
    };
}

kernel_512!(f32_512, f32_512_rows, "avx512f,fma", f32_dot_512, _mm512_add_ps);
kernel_512!(bf16_512, bf16_512_rows, "avx512f,avx512bf16", bf16_dot_512, _mm512_add_ps);
kernel_512!(i8_512, i8_512_rows, "avx512f,avx512vnni", i8_dot_512, i32_sum_512);
kernel_256!(f32_256, f32_256_rows, f32_dot_256, _mm256_add_ps);
kernel_256!(i16_256, i16_256_rows, i16_dot_256, i32_sum_256);

/// # Safety
/// `at` holds four bytes.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn splat_512(at: *const u8) -> __m512 {
    // SAFETY: the caller's promise.
    _mm512_castsi512_ps(_mm512_set1_epi32(unsafe { at.cast::<i32>().read_unaligned() }))
}

/// # Safety
/// `at` holds four bytes.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn splat_256(at: *const u8) -> __m256 {
    // SAFETY: the caller's promise.
    _mm256_castsi256_ps(_mm256_set1_epi32(unsafe { at.cast::<i32>().read_unaligned() }))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn f32_dot_512(sum: __m512, a: __m512, b: __m512) -> __m512 {
    _mm512_fmadd_ps(a, b, sum)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn bf16_dot_512(sum: __m512, a: __m512, b: __m512) -> __m512 {
    // SAFETY: the same 512 bits.
    unsafe { _mm512_dpbf16_ps(sum, transmute::<__m512, __m512bh>(a), transmute::<__m512, __m512bh>(b)) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn i8_dot_512(sum: __m512, a: __m512, b: __m512) -> __m512 {
    let (sum, a, b) = (_mm512_castps_si512(sum), _mm512_castps_si512(a), _mm512_castps_si512(b));
    _mm512_castsi512_ps(_mm512_dpbusd_epi32(sum, a, b))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn i32_sum_512(a: __m512, b: __m512) -> __m512 {
    _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), _mm512_castps_si512(b)))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn f32_dot_256(sum: __m256, a: __m256, b: __m256) -> __m256 {
    _mm256_fmadd_ps(a, b, sum)
}

#[inline]
#[target_feature(enable = "avx2")]
fn i16_dot_256(sum: __m256, a: __m256, b: __m256) -> __m256 {
    let product = _mm256_madd_epi16(_mm256_castps_si256(a), _mm256_castps_si256(b));
    i32_sum_256(sum, _mm256_castsi256_ps(product))
}

#[inline]
#[target_feature(enable = "avx2")]
fn i32_sum_256(a: __m256, b: __m256) -> __m256 {
    _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b)))
}
