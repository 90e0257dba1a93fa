//! Work for several threads, cut before it starts: no sum is ever split, so results do not depend on their number.
//!
//! The path of the kernels is captured here and handed to the workers. Nothing is allocated within a worker of `rayon`
//! (except by [`items`], which collects them).

use rayon::prelude::*;

use super::paths::{path, within};

/// Runs `work` on the numbers below `count`, in parallel if asked.
pub(crate) fn each(parallel: bool, count: usize, work: impl Fn(usize) + Sync) {
    if parallel && count > 1 {
        let path = path();
        halves(0, count, &|index| within(path, || work(index)));
    } else {
        (0..count).for_each(work);
    }
}

/// Runs `work(index, chunk)` on chunks of `size` numbers, in parallel if asked.
pub(crate) fn chunks<T: Send>(
    parallel: bool,
    out: &mut [T],
    size: usize,
    work: impl Fn(usize, &mut [T]) + Sync,
) {
    let side: &mut [()] = &mut [];
    pairs(parallel, (out, side), size, |index, out, _| work(index, out));
}

/// As [`chunks`], on two slices of one length; the second may be empty, then so are its chunks.
pub(crate) fn pairs<T: Send, S: Send>(
    parallel: bool,
    (out, side): (&mut [T], &mut [S]),
    size: usize,
    work: impl Fn(usize, &mut [T], &mut [S]) + Sync,
) {
    assert!(side.is_empty() || side.len() == out.len(), "the side output is as long as the output");
    let (path, size) = (path(), size.max(1));
    if parallel {
        split((out, side), 0, size, &|index, out: &mut [T], side: &mut [S]| {
            within(path, || work(index, out, side));
        });
    } else {
        split_serial((out, side), size, work);
    }
}

/// Runs `work` on every item, in parallel if asked.
pub(crate) fn items<T: Send>(parallel: bool, items: impl Iterator<Item = T>, work: impl Fn(T) + Sync + Send) {
    if parallel {
        let path = path();
        items.collect::<Vec<_>>().into_par_iter().for_each(|item| within(path, || work(item)));
    } else {
        items.for_each(work);
    }
}

fn halves(from: usize, to: usize, work: &(impl Fn(usize) + Sync)) {
    if to - from <= 1 {
        return (from..to).for_each(work);
    }
    let middle = from + (to - from) / 2;
    rayon::join(|| halves(from, middle, work), || halves(middle, to, work));
}

fn split<T: Send, S: Send>(
    (out, side): (&mut [T], &mut [S]),
    first: usize,
    size: usize,
    work: &(impl Fn(usize, &mut [T], &mut [S]) + Sync),
) {
    let count = out.len().div_ceil(size);
    if count > 1 {
        let (left, right) = out.split_at_mut(count / 2 * size);
        let (left_side, right_side) = side.split_at_mut(left.len().min(side.len()));
        rayon::join(
            || split((left, left_side), first, size, work),
            || split((right, right_side), first + count / 2, size, work),
        );
    } else if count == 1 {
        work(first, out, side);
    }
}

fn split_serial<T, S>(
    (out, mut side): (&mut [T], &mut [S]),
    size: usize,
    work: impl Fn(usize, &mut [T], &mut [S]),
) {
    for (index, out) in out.chunks_mut(size).enumerate() {
        let (here, rest) = side.split_at_mut(out.len().min(side.len()));
        work(index, out, here);
        side = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_and_chunk_is_met_once() {
        for parallel in [false, true] {
            for count in [0, 1, 2, 7, 100] {
                let mut out = vec![0usize; count];
                let mut side = vec![0u8; count];
                pairs(parallel, (&mut out, &mut side), 3, |index, out, side| {
                    for (at, (out, side)) in out.iter_mut().zip(side).enumerate() {
                        (*out, *side) = (*out + index * 3 + at, *side + 1);
                    }
                });
                assert!(
                    out.iter().enumerate().all(|(at, out)| at == *out) && side.iter().all(|side| *side == 1)
                );
                let sum = std::sync::atomic::AtomicUsize::new(0);
                each(parallel, count, |index| {
                    sum.fetch_add(index + 1, std::sync::atomic::Ordering::Relaxed);
                });
                assert_eq!(sum.into_inner(), count * (count + 1) / 2);
            }
        }
        let mut out = [0; 10];
        chunks(true, &mut out, 4, |index, chunk| chunk.fill(index + chunk.len()));
        assert_eq!(out, [4, 4, 4, 4, 5, 5, 5, 5, 4, 4]);
        items(true, out.iter_mut(), |item| *item = 1);
        assert_eq!(out, [1; 10]);
    }
}
