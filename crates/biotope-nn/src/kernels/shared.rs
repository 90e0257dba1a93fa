//! A slice that several tasks write to, each to places of its own.
#![expect(unsafe_code, reason = "tasks that share rows write to different columns of one slice")]

use std::marker::PhantomData;

/// A slice in many hands.
pub(crate) struct Shared<'a, N> {
    data: *mut N,
    len: usize,
    slice: PhantomData<&'a mut [N]>,
}

// SAFETY: it is a mutable slice of numbers that may be sent; who takes parts promises that they do not overlap.
unsafe impl<N: Send> Sync for Shared<'_, N> {}

impl<'a, N> Shared<'a, N> {
    pub(crate) fn new(slice: &'a mut [N]) -> Self {
        Self { data: slice.as_mut_ptr(), len: slice.len(), slice: PhantomData }
    }

    /// Whether there is nothing to write to.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// `len` numbers from `from` on; none of an empty slice.
    ///
    /// # Safety
    /// Nobody else holds any of them meanwhile.
    #[expect(clippy::mut_from_ref, reason = "the caller promises that parts do not overlap")]
    pub(crate) unsafe fn piece(&self, from: usize, len: usize) -> &mut [N] {
        if self.is_empty() {
            return &mut [];
        }
        assert!(from <= self.len && len <= self.len - from, "the part lies in the slice");
        // SAFETY: in bounds (asserted), and the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(from), len) }
    }
}
