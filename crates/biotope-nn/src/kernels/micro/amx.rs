//! Tiles of AMX.

use super::{Micro, Precision};

/// Whether processor and system offer tiles of bf16 and of bytes.
pub(crate) fn detected() -> bool {
    false
}

pub(super) fn micro(_: Precision) -> Micro {
    unreachable!("`detected` says no")
}
