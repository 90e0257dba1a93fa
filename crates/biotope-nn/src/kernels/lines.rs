//! Several outputs cut by rows, side by side, for one pass over all of them.

use super::paths::{path, within};

/// Something that is cut between two rows.
pub(crate) trait Cut: Sized + Send {
    /// The first `rows` rows, and the rest.
    fn cut(self, rows: usize) -> (Self, Self);
}

/// Rows of so many numbers. An output that nobody wants has none: every row is empty.
pub(crate) struct Lines<'a, N> {
    data: &'a mut [N],
    width: usize,
}

impl<'a, N> Lines<'a, N> {
    /// `count` rows, or none at all if the slice is empty.
    pub(crate) fn new(data: &'a mut [N], count: usize) -> Self {
        let width = data.len() / count.max(1);
        assert!(width * count == data.len(), "an output has whole rows");
        Self { data, width }
    }

    /// A row.
    pub(crate) fn row(&mut self, index: usize) -> &mut [N] {
        &mut self.data[index * self.width..][..self.width]
    }

    /// Whether somebody wants it.
    pub(crate) fn is_wanted(&self) -> bool {
        self.width > 0
    }
}

impl<N: Send> Cut for Lines<'_, N> {
    fn cut(self, rows: usize) -> (Self, Self) {
        let (first, rest) = self.data.split_at_mut(rows * self.width);
        (Self { data: first, width: self.width }, Self { data: rest, width: self.width })
    }
}

macro_rules! cut_all {
    ($($part:ident)*) => {
        impl<$($part: Cut),*> Cut for ($($part,)*) {
            #[expect(non_snake_case, reason = "the parts are named as their types")]
            fn cut(self, rows: usize) -> (Self, Self) {
                let ($($part,)*) = self;
                $(let $part = $part.cut(rows);)*
                (($($part.0,)*), ($($part.1,)*))
            }
        }
    };
}
cut_all!(A B);
cut_all!(A B C);
cut_all!(A B C D);

/// Runs `work(first row, rows, parts)` on pieces of `step` rows, in parallel if asked; allocates nothing.
pub(crate) fn lines<P: Cut>(
    parallel: bool,
    count: usize,
    step: usize,
    parts: P,
    work: impl Fn(usize, usize, P) + Sync,
) {
    let path = path();
    let step = if parallel { step.max(1) } else { count.max(1) };
    halves(0, count, step, parts, &|first, rows, parts| within(path, || work(first, rows, parts)));
}

fn halves<P: Cut>(
    first: usize,
    count: usize,
    step: usize,
    parts: P,
    work: &(impl Fn(usize, usize, P) + Sync),
) {
    if count <= step {
        return work(first, count, parts);
    }
    let half = count.div_ceil(step) / 2 * step;
    let (left, right) = parts.cut(half);
    rayon::join(
        || halves(first, half, step, left, work),
        || halves(first + half, count - half, step, right, work),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_met_once_and_unwanted_outputs_are_empty() {
        for (parallel, count) in [(false, 7), (true, 7), (true, 1), (true, 0), (true, 64)] {
            let (mut a, mut b, mut none) = (vec![0usize; 3 * count], vec![0u8; count], Vec::<f32>::new());
            let parts = (Lines::new(&mut a, count), Lines::new(&mut b, count), Lines::new(&mut none, count));
            lines(parallel, count, 2, parts, |first, rows, (mut a, mut b, mut none)| {
                assert!(!none.is_wanted());
                for row in 0..rows {
                    a.row(row).fill(first + row);
                    b.row(row)[0] += 1;
                    assert!(none.row(row).is_empty());
                }
            });
            assert!(a.iter().enumerate().all(|(at, row)| at / 3 == *row) && b.iter().all(|b| *b == 1));
        }
    }
}
