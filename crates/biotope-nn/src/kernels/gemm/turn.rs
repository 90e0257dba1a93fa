//! Words of a matrix transposed.
#![expect(unsafe_code, reason = "vector registers are reached through pointers")]
#![cfg_attr(
    not(target_arch = "x86_64"),
    expect(unfulfilled_lint_expectations, reason = "the plain version only")
)]

#[cfg(target_arch = "x86_64")]
use crate::kernels::paths::{Path, path};

/// `out[j * out_stride + i] = x[i * stride + j]` for `rows` rows `i` and `columns` columns `j`.
pub(super) fn transpose(
    (out, out_stride): (&mut [u32], usize),
    (x, stride): (&[u32], usize),
    [rows, columns]: [usize; 2],
) {
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(x.len() >= (rows - 1) * stride + columns, "the slice holds the matrix");
    assert!(out.len() >= (columns - 1) * out_stride + rows, "the slice holds the transpose");
    #[cfg(target_arch = "x86_64")]
    if path() >= Path::Avx512 {
        for i in (0..rows).step_by(16) {
            for j in (0..columns).step_by(16) {
                let size = [(rows - i).min(16), (columns - j).min(16)];
                let (from, to) = (x[i * stride + j..].as_ptr(), out[j * out_stride + i..].as_mut_ptr());
                // SAFETY: the path was detected; all rows and columns of the block lie in the slices (asserted above).
                unsafe { x86::block_512(to, out_stride, from, stride, size) };
            }
        }
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if path() == Path::Avx2 {
        let whole = [rows / 8 * 8, columns / 8 * 8];
        for i in (0..whole[0]).step_by(8) {
            for j in (0..whole[1]).step_by(8) {
                let (from, to) = (x[i * stride + j..].as_ptr(), out[j * out_stride + i..].as_mut_ptr());
                // SAFETY: as above.
                unsafe { x86::block_256(to, out_stride, from, stride) };
            }
        }
        plain((&mut *out, out_stride), (x, stride), [whole[0]..rows, 0..columns]);
        return plain((out, out_stride), (x, stride), [0..whole[0], whole[1]..columns]);
    }
    plain((out, out_stride), (x, stride), [0..rows, 0..columns]);
}

/// The twin.
fn plain(
    (out, out_stride): (&mut [u32], usize),
    (x, stride): (&[u32], usize),
    [rows, columns]: [std::ops::Range<usize>; 2],
) {
    // By blocks that stay in the first-level cache.
    for from in columns.clone().step_by(16) {
        let columns = from..(from + 16).min(columns.end);
        for i in rows.clone() {
            for (j, x) in columns.clone().zip(&x[i * stride + columns.start..]) {
                out[j * out_stride + i] = *x;
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256, __m512i, _mm256_castpd_ps, _mm256_castps_pd, _mm256_loadu_ps, _mm256_permute2f128_ps,
        _mm256_setzero_ps, _mm256_storeu_ps, _mm256_unpackhi_pd, _mm256_unpackhi_ps, _mm256_unpacklo_pd,
        _mm256_unpacklo_ps, _mm512_mask_storeu_epi32, _mm512_maskz_loadu_epi32, _mm512_setzero_si512,
        _mm512_shuffle_i32x4, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32,
        _mm512_unpacklo_epi64,
    };

    /// Up to 16 rows and columns.
    ///
    /// # Safety
    /// The pointers hold them, and the features are there.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn block_512(
        out: *mut u32,
        out_stride: usize,
        x: *const u32,
        stride: usize,
        [rows, columns]: [usize; 2],
    ) {
        let mask = |count: usize| u16::MAX >> (16 - count);
        let mut lines = [_mm512_setzero_si512(); 16];
        for (i, line) in lines.iter_mut().enumerate() {
            if i < rows {
                // SAFETY: the caller's promise; beyond `columns` nothing is read.
                *line = unsafe { _mm512_maskz_loadu_epi32(mask(columns), x.add(i * stride).cast()) };
            }
        }
        for (j, line) in turned(&lines).iter().enumerate() {
            if j < columns {
                // SAFETY: the caller's promise; beyond `rows` nothing is written.
                unsafe { _mm512_mask_storeu_epi32(out.add(j * out_stride).cast(), mask(rows), *line) };
            }
        }
    }

    /// Pairs of rows, then fours, then the four lanes of four fours.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn turned(x: &[__m512i; 16]) -> [__m512i; 16] {
        let mut fours = [_mm512_setzero_si512(); 16];
        for g in 0..4 {
            let [a, b, c, d] = [x[4 * g], x[4 * g + 1], x[4 * g + 2], x[4 * g + 3]];
            let (low, high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
            let (low2, high2) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
            fours[4 * g] = _mm512_unpacklo_epi64(low, low2);
            fours[4 * g + 1] = _mm512_unpackhi_epi64(low, low2);
            fours[4 * g + 2] = _mm512_unpacklo_epi64(high, high2);
            fours[4 * g + 3] = _mm512_unpackhi_epi64(high, high2);
        }
        let mut out = [_mm512_setzero_si512(); 16];
        for c in 0..4 {
            let (even, even2) = (
                _mm512_shuffle_i32x4::<0x88>(fours[c], fours[4 + c]),
                _mm512_shuffle_i32x4::<0x88>(fours[8 + c], fours[12 + c]),
            );
            let (odd, odd2) = (
                _mm512_shuffle_i32x4::<0xdd>(fours[c], fours[4 + c]),
                _mm512_shuffle_i32x4::<0xdd>(fours[8 + c], fours[12 + c]),
            );
            out[c] = _mm512_shuffle_i32x4::<0x88>(even, even2);
            out[4 + c] = _mm512_shuffle_i32x4::<0x88>(odd, odd2);
            out[8 + c] = _mm512_shuffle_i32x4::<0xdd>(even, even2);
            out[12 + c] = _mm512_shuffle_i32x4::<0xdd>(odd, odd2);
        }
        out
    }

    /// Eight rows and columns.
    ///
    /// # Safety
    /// The pointers hold them, and the features are there.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn block_256(out: *mut u32, out_stride: usize, x: *const u32, stride: usize) {
        let mut lines = [_mm256_setzero_ps(); 8];
        for (i, line) in lines.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            *line = unsafe { _mm256_loadu_ps(x.add(i * stride).cast()) };
        }
        let (low, high) = (fours(&lines[..4]), fours(&lines[4..]));
        for c in 0..4 {
            // SAFETY: the caller's promise.
            unsafe {
                let place = |j: usize| out.add(j * out_stride).cast::<f32>();
                _mm256_storeu_ps(place(c), _mm256_permute2f128_ps::<0x20>(low[c], high[c]));
                _mm256_storeu_ps(place(4 + c), _mm256_permute2f128_ps::<0x31>(low[c], high[c]));
            }
        }
    }

    /// Four rows: in each half, one column of them.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn fours(x: &[__m256]) -> [__m256; 4] {
        let (low, high) = (_mm256_unpacklo_ps(x[0], x[1]), _mm256_unpackhi_ps(x[0], x[1]));
        let (low2, high2) = (_mm256_unpacklo_ps(x[2], x[3]), _mm256_unpackhi_ps(x[2], x[3]));
        let (low, low2) = (_mm256_castps_pd(low), _mm256_castps_pd(low2));
        let (high, high2) = (_mm256_castps_pd(high), _mm256_castps_pd(high2));
        [
            _mm256_castpd_ps(_mm256_unpacklo_pd(low, low2)),
            _mm256_castpd_ps(_mm256_unpackhi_pd(low, low2)),
            _mm256_castpd_ps(_mm256_unpacklo_pd(high, high2)),
            _mm256_castpd_ps(_mm256_unpackhi_pd(high, high2)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::paths::{available, with_path};

    #[test]
    fn every_path_equals_its_twin() {
        for [rows, columns] in [[1, 1], [16, 16], [5, 40], [33, 17], [96, 32], [8, 64], [23, 9]] {
            let (stride, out_stride) = (columns + 3, rows + 5);
            let x: Vec<u32> = (0..(rows * stride) as u32).collect();
            let mut expected = vec![7; columns * out_stride];
            plain((&mut expected, out_stride), (&x, stride), [0..rows, 0..columns]);
            assert_eq!(
                expected[out_stride * (columns - 1) + rows - 1],
                ((rows - 1) * stride + columns - 1) as u32
            );
            for path in available() {
                let mut out = vec![7; columns * out_stride];
                with_path(*path, || transpose((&mut out, out_stride), (&x, stride), [rows, columns]))
                    .unwrap();
                assert_eq!(out, expected, "{path}");
            }
        }
    }
}
