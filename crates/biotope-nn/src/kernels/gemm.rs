//! The one door for products of matrices.
//!
//! `c = a · b` (or `c += a · b`), cut into cells of the output. The right operand is packed into panels of words
//! ([`Packed`], kept as long as its numbers hold); the left one is read in place where its rows are words already. Every
//! number of `c` is a chain of sums over blocks of the inner dimension, whose borders depend on its length only. So a
//! row's result has the same bits alone, in a batch, and with any number of threads; [`super::paths`] says which paths
//! give the same bits. Blocking after Goto and van de Geijn 2008.

mod door;
mod int8;
mod left;
mod mat;
mod packed;
mod right;
#[cfg(test)]
mod tests;
mod turn;
mod words;

pub(crate) use self::door::Span;
pub(crate) use self::mat::{Mat, Operand};
pub(crate) use self::packed::Packed;
pub(crate) use super::threads::items as each;

use self::door::Job;
use self::right::with_panels;
use super::micro::Micro;
use super::paths::path;
use crate::Precision;

/// `c [m, n] = a · b`, in parallel.
pub(crate) fn product(c: &mut [f32], a: Mat<'_>, b: Mat<'_>) {
    product_of(Precision::F32, c, a, b, false);
}

/// As [`product`], then `after(row of c, row of side)` on finished rows while they are in the cache; `side` is as long as
/// `c`, or empty.
pub(crate) fn product_then(
    (c, side): (&mut [f32], &mut [f32]),
    a: Mat<'_>,
    b: Mat<'_>,
    after: impl Fn(&mut [f32], &mut [f32]) + Sync,
) {
    let micro = Micro::of(path(), Precision::F32);
    with_panels(micro, Precision::F32, b.into(), true, |panels| {
        Job::new(a.into(), panels).rows(c, side, false, |_, c, side| after(c, side));
    });
}

/// `c = a · b` or `c += a · b` in parallel, for operands that are both used once (`F32` or `Bf16`).
pub(crate) fn product_of<'a>(
    precision: Precision,
    c: &mut [f32],
    a: impl Into<Operand<'a>>,
    b: impl Into<Operand<'a>>,
    add: bool,
) {
    let micro = Micro::of(path(), precision);
    let side: &mut [()] = &mut [];
    with_panels(micro, precision, b.into(), true, |panels| {
        Job::new(a.into(), panels).in_place(c, side, add, |_, _, _| {});
    });
}

/// `c = a · b` or `c += a · b` on this thread; rows of `c` start `stride` apart.
pub(crate) fn serial(c: &mut [f32], stride: usize, a: Mat<'_>, b: Mat<'_>, add: bool) {
    serial_of(Precision::F32, (c, stride), a, b, add);
}

/// As [`serial`], for `F32` or `Bf16`.
pub(crate) fn serial_of<'a>(
    precision: Precision,
    (c, stride): (&mut [f32], usize),
    a: impl Into<Operand<'a>>,
    b: impl Into<Operand<'a>>,
    add: bool,
) {
    let micro = Micro::of(path(), precision);
    with_panels(micro, precision, b.into(), false, |panels| {
        Job::new(a.into(), panels).serial((c, stride), add);
    });
}

impl Packed {
    fn job<'a>(&'a self, a: impl Into<Operand<'a>>) -> Job<'a> {
        Job::new(a.into(), self.panels())
    }

    /// `c = a · self` or `c += a · self` on this thread; `c` is packed by rows.
    pub(crate) fn product<'a>(&'a self, c: &mut [f32], a: impl Into<Operand<'a>>, add: bool) {
        let n = self.shape()[1];
        self.job(a).serial((c, n), add);
    }

    /// `c [m, n] = a · self` or `c += a · self`, in parallel.
    pub(crate) fn times<'a>(&'a self, c: &mut [f32], a: impl Into<Operand<'a>>, add: bool) {
        let side: &mut [()] = &mut [];
        self.job(a).in_place(c, side, add, |_, _, _| {});
    }

    /// `c = a · self`, then `after(where, numbers of c, numbers of side)` on pieces of rows while they are in the cache;
    /// `side` is as long as `c`, or empty.
    pub(crate) fn times_then<'a, S: Send>(
        &'a self,
        c: &mut [f32],
        side: &mut [S],
        a: impl Into<Operand<'a>>,
        after: impl Fn(Span, &mut [f32], &mut [S]) + Sync,
    ) {
        self.job(a).in_place(c, side, false, after);
    }

    /// `after(where, numbers of a · self, numbers of out, numbers of side)` on pieces of rows while they are in the cache:
    /// for an output in another kind of numbers. `out` is `[m, n]`, `side` too, or empty.
    pub(crate) fn times_into<'a, T: Send, S: Send>(
        &'a self,
        out: &mut [T],
        side: &mut [S],
        a: impl Into<Operand<'a>>,
        after: impl Fn(Span, &mut [f32], &mut [T], &mut [S]) + Sync,
    ) {
        self.job(a).through(out, side, after);
    }
}
