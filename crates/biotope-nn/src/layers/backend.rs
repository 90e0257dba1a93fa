//! Which inside a layer takes: the fused operation, or the composite of candle's operations.

use std::cell::Cell;

use candle_core::{DType, Tensor};

thread_local! {
    static COMPOSITE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` with composites only, on this thread: for tests that hold both insides against each other.
#[doc(hidden)]
pub fn with_composites<T>(work: impl FnOnce() -> T) -> T {
    let before = COMPOSITE.replace(true);
    let result = work();
    COMPOSITE.set(before);
    result
}

/// Whether fused operations can take these tensors.
pub(crate) fn fused(tensors: &[&Tensor]) -> bool {
    !COMPOSITE.get() && tensors.iter().all(|t| t.device().is_cpu() && t.dtype() == DType::F32)
}
