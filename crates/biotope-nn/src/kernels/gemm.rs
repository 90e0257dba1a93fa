//! The one door for products of matrices.
//!
//! `c = a · b` (or `c += a · b`) in `f32`, cut into tiles of the output. Operands are packed; every number of `c` is
//! a chain of multiply-adds over blocks of [`DEPTH`] steps, whose borders depend on the inner length only. So a row's
//! result has the same bits alone, in a batch, with any number of threads, and with AVX2 as with AVX-512. (The plain
//! kernel rounds products and sums apart and may differ in the last bits.) Blocking after Goto and van de Geijn 2008.

use std::iter;
use std::ops::Range;

use rayon::prelude::*;

#[cfg(test)]
use super::isa::Isa;
use super::isa::isa;
use super::micro::{MAX_TILE, Micro};
use super::scratch;

/// Most steps of the inner dimension that are summed before the output is touched.
const DEPTH: usize = 256;
/// Most rows of a task: with [`DEPTH`] steps they stay in the second-level cache.
const ROWS: usize = 96;
/// Products below this many multiply-adds are not worth a second thread.
const SERIAL: usize = 1 << 17;

/// A matrix somewhere in a slice: element `(i, j)` is at `i * strides[0] + j * strides[1]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mat<'a> {
    data: &'a [f32],
    shape: [usize; 2],
    strides: [usize; 2],
}

impl<'a> Mat<'a> {
    /// Rows of `shape[1]` numbers, one after the other.
    pub(crate) fn new(data: &'a [f32], shape: [usize; 2]) -> Self {
        Self::strided(data, shape, shape[1])
    }

    /// Rows of `shape[1]` numbers that start `stride` apart (they may overlap).
    pub(crate) fn strided(data: &'a [f32], shape: [usize; 2], stride: usize) -> Self {
        let last = shape[0].saturating_sub(1) * stride + shape[1];
        assert!(shape.contains(&0) || last <= data.len(), "the slice holds the matrix");
        Self { data, shape, strides: [stride, 1] }
    }

    /// The transpose.
    pub(crate) fn t(self) -> Self {
        let ([m, n], [r, c]) = (self.shape, self.strides);
        Self { shape: [n, m], strides: [c, r], ..self }
    }
}

/// `c [m, n] = a · b`, in parallel.
pub(crate) fn product(c: &mut [f32], a: Mat<'_>, b: Mat<'_>) {
    product_with(Micro::of(isa()), (c, &mut []), a, b, |_, _| {});
}

/// As [`product`], then `after(rows of c, rows of side)` on finished rows while they are in the cache; `side` is as
/// long as `c`, or empty.
pub(crate) fn product_then(
    (c, side): (&mut [f32], &mut [f32]),
    a: Mat<'_>,
    b: Mat<'_>,
    after: impl Fn(&mut [f32], &mut [f32]) + Sync,
) {
    product_with(Micro::of(isa()), (c, side), a, b, after);
}

/// A right operand that is used many times.
pub(crate) struct Packed {
    data: Vec<f32>,
    shape: [usize; 2],
}

impl Packed {
    /// Packs `b` for this machine.
    pub(crate) fn new(b: Mat<'_>) -> Self {
        let ([k, n], nr) = (b.shape, Micro::of(isa()).nr);
        let mut data = vec![0.0; n.div_ceil(nr) * nr * k];
        for (index, panel) in data.chunks_exact_mut((nr * k).max(1)).enumerate() {
            pack(panel, b.t(), index * nr, 0..k, nr);
        }
        Self { data, shape: b.shape }
    }

    /// `c = a · self` or `c += a · self` on this thread; `c` is packed by rows.
    pub(crate) fn product(&self, c: &mut [f32], a: Mat<'_>, add: bool) {
        let ([m, k], n) = (a.shape, self.shape[1]);
        assert!(self.shape[0] == k && c.len() == m * n, "shapes of a product fit");
        if n > 0 {
            block(Micro::of(isa()), (c, n, n), a, 0..m, &self.data, add);
        }
    }
}

/// `c = a · b` or `c += a · b` on this thread; rows of `c` start `stride` apart.
pub(crate) fn serial(c: &mut [f32], stride: usize, a: Mat<'_>, b: Mat<'_>, add: bool) {
    let ([m, k], n) = (a.shape, b.shape[1]);
    assert!(b.shape[0] == k && (m == 0 || c.len() >= (m - 1) * stride + n), "shapes of a product fit");
    if m == 0 || n == 0 {
        return;
    }
    let micro = Micro::of(isa());
    scratch::with(n.div_ceil(micro.nr) * micro.nr * k, |packed| {
        for (index, panel) in packed.chunks_exact_mut((micro.nr * k).max(1)).enumerate() {
            pack(panel, b.t(), index * micro.nr, 0..k, micro.nr);
        }
        for row in (0..m).step_by(ROWS) {
            let rows = row..(row + ROWS).min(m);
            block(micro, (&mut c[row * stride..], stride, n), a, rows, packed, add);
        }
    });
}

fn product_with(
    micro: Micro,
    (c, side): (&mut [f32], &mut [f32]),
    a: Mat<'_>,
    b: Mat<'_>,
    after: impl Fn(&mut [f32], &mut [f32]) + Sync,
) {
    let ([m, k], n) = (a.shape, b.shape[1]);
    assert!(b.shape[0] == k && c.len() == m * n, "shapes of a product fit");
    assert!(side.is_empty() || side.len() == c.len(), "the side output is as long as the output");
    if m == 0 || n == 0 {
        return;
    }
    let parallel = m * n * k >= SERIAL;
    let tasks = if parallel { 4 * rayon::current_num_threads() } else { 1 };
    let rows = m.div_ceil(tasks).next_multiple_of(micro.mr).min(ROWS);
    scratch::with(n.div_ceil(micro.nr) * k * micro.nr, |packed| {
        each(parallel, packed.chunks_exact_mut((k * micro.nr).max(1)).enumerate(), |(index, panel)| {
            pack(panel, b.t(), index * micro.nr, 0..k, micro.nr);
        });
        let sides = side.chunks_mut(rows * n).chain(iter::repeat_with(Default::default));
        each(parallel, c.chunks_mut(rows * n).zip(sides).enumerate(), |(index, (c, side))| {
            let (first, count) = (index * rows, c.len() / n);
            block(micro, (&mut *c, n, n), a, first..first + count, packed, false);
            after(c, side);
        });
    });
}

/// Runs `work` on every item, in parallel if asked.
pub(crate) fn each<T: Send>(parallel: bool, items: impl Iterator<Item = T>, work: impl Fn(T) + Sync + Send) {
    if parallel {
        items.collect::<Vec<_>>().into_par_iter().for_each(work);
    } else {
        items.for_each(work);
    }
}

/// Some rows of the output: `c` holds them, `stride` apart, `n` numbers each.
fn block(
    micro: Micro,
    (c, stride, n): (&mut [f32], usize, usize),
    a: Mat<'_>,
    rows: Range<usize>,
    packed: &[f32],
    add: bool,
) {
    let k = a.shape[1];
    if k == 0 {
        if !add {
            c.chunks_mut(stride).for_each(|row| row[..n].fill(0.0));
        }
        return;
    }
    let depth = k.div_ceil(k.div_ceil(DEPTH));
    scratch::with(rows.len().next_multiple_of(micro.mr) * depth, |left| {
        for start in (0..k).step_by(depth) {
            let steps = start..(start + depth).min(k);
            let panels = left.chunks_exact_mut(micro.mr * steps.len());
            for (panel, row) in panels.zip(rows.clone().step_by(micro.mr)) {
                let view = Mat { shape: [rows.end, k], ..a };
                pack(panel, view, row, steps.clone(), micro.mr);
            }
            let add = add || start > 0;
            for (index, right) in packed.chunks_exact(micro.nr * k).enumerate() {
                let right = &right[steps.start * micro.nr..steps.end * micro.nr];
                let lefts = left.chunks_exact(micro.mr * steps.len());
                for (left, row) in lefts.zip((0..rows.len()).step_by(micro.mr)) {
                    let column = index * micro.nr;
                    let size = [micro.mr.min(rows.len() - row), micro.nr.min(n - column)];
                    let place = &mut c[row * stride + column..];
                    tile(micro, (steps.len(), left, right), (place, stride, size), add);
                }
            }
        }
    });
}

/// One tile; at the output's edge by way of a whole one.
fn tile(
    micro: Micro,
    (k, a, b): (usize, &[f32], &[f32]),
    (c, stride, [m, n]): (&mut [f32], usize, [usize; 2]),
    add: bool,
) {
    if [m, n] == [micro.mr, micro.nr] {
        return micro.tile(k, a, b, c, stride, add);
    }
    let whole = &mut [0f32; MAX_TILE][..micro.mr * micro.nr];
    micro.tile(k, a, b, whole, micro.nr, false);
    for (c, whole) in c.chunks_mut(stride).zip(whole.chunks_exact(micro.nr)).take(m) {
        for (c, whole) in c[..n].iter_mut().zip(whole) {
            *c = if add { *c + whole } else { *whole };
        }
    }
}

/// Packs `width` rows of `a` from `first` on, over some steps, as `[step][row]`; rows beyond the matrix are zeros.
fn pack(panel: &mut [f32], a: Mat<'_>, first: usize, steps: Range<usize>, width: usize) {
    let valid = width.min(a.shape[0] - first);
    if valid < width {
        panel.fill(0.0);
    }
    let [rs, cs] = a.strides;
    if rs == 1 {
        for (out, step) in panel.chunks_exact_mut(width).zip(steps) {
            out[..valid].copy_from_slice(&a.data[first + step * cs..][..valid]);
        }
    } else {
        assert!(cs == 1, "one of the strides is one");
        transpose(panel, &a.data[first * rs + steps.start..], [valid, steps.len()], rs, width);
    }
}

/// `panel[step * width + row] = data[row * stride + step]`, by blocks that stay in the first-level cache.
fn transpose(panel: &mut [f32], data: &[f32], [rows, steps]: [usize; 2], stride: usize, width: usize) {
    const SIDE: usize = 4;
    let whole = [rows / SIDE * SIDE, steps / SIDE * SIDE];
    for row in (0..whole[0]).step_by(SIDE) {
        let lines: [&[f32]; SIDE] = std::array::from_fn(|i| &data[(row + i) * stride..][..steps]);
        for step in (0..whole[1]).step_by(SIDE) {
            for i in 0..SIDE {
                let out = &mut panel[(step + i) * width + row..][..SIDE];
                for (out, line) in out.iter_mut().zip(lines) {
                    *out = line[step + i];
                }
            }
        }
        for step in whole[1]..steps {
            for (i, line) in lines.iter().enumerate() {
                panel[step * width + row + i] = line[step];
            }
        }
    }
    for row in whole[0]..rows {
        for (step, value) in data[row * stride..][..steps].iter().enumerate() {
            panel[step * width + row] = *value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::isa;
    use proptest::prelude::*;

    fn numbers(len: usize, seed: u32) -> Vec<f32> {
        let next = |x: u32| x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let all = std::iter::successors(Some(next(seed)), |x| Some(next(*x)));
        all.take(len).map(|x| (x >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
    }

    /// The reference twin: one sum per number, in double precision.
    fn twin([m, n, k]: [usize; 3], a: &[f32], b: &[f32]) -> Vec<f64> {
        let sum =
            |i: usize, j: usize| (0..k).map(|l| f64::from(a[i * k + l]) * f64::from(b[l * n + j])).sum();
        (0..m * n).map(|at| sum(at / n, at % n)).collect()
    }

    fn run(isa: Isa, [m, n, k]: [usize; 3], a: &[f32], b: &[f32]) -> Vec<f32> {
        let mut c = vec![f32::NAN; m * n];
        product_with(Micro::of(isa), (&mut c, &mut []), Mat::new(a, [m, k]), Mat::new(b, [k, n]), |_, _| {});
        c
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn it_equals_its_twin_in_all_orientations(m in 1usize..70, n in 1usize..70, k in 0usize..600, seed: u32) {
            let (a, b) = (numbers(m * k, seed), numbers(k * n, seed ^ 1));
            let flip = |x: &[f32], [r, c]: [usize; 2]| -> Vec<f32> { (0..r * c).map(|i| x[i % r * c + i / r]).collect() };
            let (at, bt) = (flip(&a, [m, k]), flip(&b, [k, n]));
            let expected = twin([m, n, k], &a, &b);
            let plain = run(isa(), [m, n, k], &a, &b);
            for (c, e) in plain.iter().zip(&expected) {
                prop_assert!((f64::from(*c) - e).abs() <= 2e-6 * (k as f64).max(1.0), "{c} {e}");
            }
            let mut turned = vec![1.0; m * n];
            product(&mut turned, Mat::new(&at, [k, m]).t(), Mat::new(&bt, [n, k]).t());
            prop_assert_eq!(&turned, &plain);
            let mut wide = vec![1.0; m * (n + 3)];
            serial(&mut wide, n + 3, Mat::new(&at, [k, m]).t(), Mat::new(&b, [k, n]), true);
            for (row, plain) in wide.chunks(n + 3).zip(plain.chunks(n)) {
                prop_assert_eq!(&row[n..], &[1.0; 3]);
                prop_assert!(row.iter().zip(plain).all(|(x, y)| (x - 1.0 - y).abs() < 1e-4));
            }
        }
    }

    #[test]
    fn bits_do_not_depend_on_threads_neighbours_or_vectors() {
        let shape @ [m, n, k] = [203, 77, 700];
        let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let expected = pool(1).install(|| run(isa(), shape, &a, &b));
        for threads in [2, 4] {
            assert_eq!(pool(threads).install(|| run(isa(), shape, &a, &b)), expected);
        }
        for row in [0, 7, 202] {
            let alone = run(isa(), [1, n, k], &a[row * k..][..k], &b);
            assert_eq!(alone, expected[row * n..][..n]);
        }
        for isa in isa::all().into_iter().filter(|isa| *isa != Isa::Plain) {
            assert!(run(isa, shape, &a, &b) == expected || isa::isa() == Isa::Plain, "{isa:?}");
        }
        let plain = run(Isa::Plain, shape, &a, &b);
        assert!(plain.iter().zip(&expected).all(|(x, y)| (x - y).abs() < 1e-4));
    }
}
