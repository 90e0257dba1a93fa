//! Buffers that are used again: fresh memory costs page faults, which took 40 % of candle's training time.
//!
//! Each thread has its own. A buffer fits best or grows, and never shrinks: once every pattern of calls was seen, nothing
//! is allocated any more.
#![expect(unsafe_code, reason = "one buffer is seen as numbers of several kinds")]

use std::cell::RefCell;

/// A cache line of a buffer.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u32; 16]);

/// Memory that is aligned to cache lines and grows when it must.
#[derive(Default)]
pub(crate) struct Buffer(Vec<Line>);

impl Buffer {
    /// Its first `len` numbers, of any value where nobody wrote.
    pub(crate) fn get_mut<N: Plain>(&mut self, len: usize) -> &mut [N] {
        let lines = (len * size_of::<N>()).div_ceil(size_of::<Line>());
        if self.0.len() < lines {
            // Nobody needs the old numbers.
            self.0 = vec![Line([0; 16]); lines];
        }
        // SAFETY: the buffer holds at least `len` numbers of `N`, any bits are a number, and `Line` is aligned better.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), len) }
    }

    /// As [`Buffer::get_mut`], to read.
    pub(crate) fn get<N: Plain>(&self, len: usize) -> &[N] {
        assert!(
            len * size_of::<N>() <= self.0.len() * size_of::<Line>(),
            "the buffer holds what was written"
        );
        // SAFETY: as in `get_mut`; the length was asserted.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), len) }
    }

    fn lines(&self) -> usize {
        self.0.len()
    }
}

thread_local! {
    /// Sorted by length.
    static POOL: RefCell<Vec<Buffer>> = const { RefCell::new(Vec::new()) };
}

/// Numbers of which any bits are a value, aligned to 4 bytes at most.
///
/// # Safety
/// Just that.
pub(crate) unsafe trait Plain: Copy + Send + Sync + 'static {}
// SAFETY: any bits are a number of these.
unsafe impl Plain for f32 {}
// SAFETY: as above.
unsafe impl Plain for i32 {}
// SAFETY: as above.
unsafe impl Plain for u32 {}
// SAFETY: as above.
unsafe impl Plain for u16 {}
// SAFETY: as above.
unsafe impl Plain for u8 {}

/// Runs `work` with a buffer of `len` numbers of any value. Calls nest.
pub(crate) fn with<T>(len: usize, work: impl FnOnce(&mut [f32]) -> T) -> T {
    of(len, work)
}

/// As [`with`], for numbers of any kind, aligned to 64 bytes.
pub(crate) fn of<N: Plain, T>(len: usize, work: impl FnOnce(&mut [N]) -> T) -> T {
    let mut buffer = take((len * size_of::<N>()).div_ceil(size_of::<Line>()));
    let result = work(buffer.get_mut(len));
    POOL.with_borrow_mut(|pool| {
        let place = pool.partition_point(|other| other.lines() < buffer.lines());
        pool.insert(place, buffer);
    });
    result
}

/// The smallest buffer that is large enough, else the largest, to grow.
fn take(lines: usize) -> Buffer {
    let buffer = POOL.with_borrow_mut(|pool| {
        let place = pool.partition_point(|buffer| buffer.lines() < lines);
        if place < pool.len() { Some(pool.remove(place)) } else { pool.pop() }
    });
    buffer.unwrap_or_default()
}

/// Numbers as bytes.
pub(crate) fn bytes<N: Plain>(numbers: &[N]) -> &[u8] {
    // SAFETY: any bits are bytes, of which the slice holds as many.
    unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) }
}

/// Words as numbers of another kind, as many as fit.
pub(crate) fn words_as<N: Plain>(words: &mut [u32]) -> &mut [N] {
    let len = size_of_val(words) / size_of::<N>();
    // SAFETY: any bits are a number of `N`, which is not aligned better than a word.
    unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), len) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes() -> Vec<usize> {
        POOL.with_borrow(|pool| pool.iter().map(Buffer::lines).collect())
    }

    #[test]
    fn a_pattern_of_calls_settles() {
        let pattern = || {
            with(1000, |a| of::<u16, _>(64, |b| of::<u8, _>(10, |c| (a[0], b[0], c[0]))));
            with(10, |_| of::<u16, _>(5000, |b| assert!(b.len() == 5000 && b.as_ptr().addr() % 64 == 0)));
        };
        (0..4).for_each(|_| pattern());
        let settled = sizes();
        assert!(settled.len() == 3 && settled.is_sorted());
        (0..4).for_each(|_| pattern());
        assert_eq!(sizes(), settled);
    }

    #[test]
    fn one_buffer_is_seen_as_many_kinds() {
        let mut words = [0x0201_0403, 5];
        assert_eq!(bytes(&words), [3, 4, 1, 2, 5, 0, 0, 0]);
        words_as::<u16>(&mut words)[2] = 7;
        assert_eq!(words, [0x0201_0403, 7]);
    }
}
