//! The innermost product: one tile of the output in registers, over rows of words on the left and packed panels of words
//! on the right.
//!
//! A word is 32 bits: one `f32`, two bf16, two 16-bit or four 8-bit whole numbers, of neighbouring steps of the inner
//! dimension. Each number of the tile is one chain of sums over the words, in order; a tile's neighbours do not matter.
#![expect(unsafe_code, reason = "vector registers are reached through pointers")]

#[cfg(target_arch = "x86_64")]
pub(crate) mod amx;
mod plain;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::marker::PhantomData;

use super::paths::Path;
use crate::Precision;

/// What a word holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// One `f32`.
    F32,
    /// Two bf16, the earlier step in the low half.
    Bf16,
    /// Four bytes: unsigned on the left, signed on the right.
    I8,
    /// Two signed 16-bit numbers.
    I16,
}

impl Words {
    /// Numbers in a word.
    pub(crate) const fn numbers(self) -> usize {
        match self {
            Self::F32 => 1,
            Self::Bf16 | Self::I16 => 2,
            Self::I8 => 4,
        }
    }
}

/// What a kernel is asked for: `c [rows, NR] = a · b`, or added to `c`.
#[derive(Clone, Copy)]
struct Tile {
    rows: usize,
    /// Words of the inner dimension.
    k: usize,
    /// First row of the left operand; bytes between rows.
    a: (*const u8, usize),
    /// Panel of the right operand, `[k][NR]` words.
    b: *const u32,
    /// First row of the output; numbers between rows.
    c: (*mut f32, usize),
    add: bool,
}

/// # Safety
/// The pointers hold what [`Tile`] says, `rows` is between 1 and the kernel's `mr`, `k` a multiple of its `step`, and the
/// machine has the kernel's instructions.
type Run = unsafe fn(&Tile);

/// A tile's shape, and who computes it.
#[derive(Clone, Copy)]
pub(crate) struct Micro {
    /// Most rows of a tile.
    pub(crate) mr: usize,
    /// Columns of a tile.
    pub(crate) nr: usize,
    /// The inner dimension is padded to a multiple of so many words.
    pub(crate) step: usize,
    /// What a word holds. Whole numbers come out as the bits of an `i32`.
    pub(crate) words: Words,
    run: Run,
    session: Option<Session>,
}

/// What a thread does before its first tile and after its last.
#[derive(Clone, Copy)]
struct Session {
    start: fn(),
    stop: fn(),
}

/// A thread's leave to compute tiles.
pub(crate) struct Tiles {
    micro: Micro,
    /// Sessions belong to a thread.
    thread: PhantomData<*const ()>,
}

impl Drop for Tiles {
    fn drop(&mut self) {
        if let Some(session) = self.micro.session {
            (session.stop)();
        }
    }
}

/// Largest tile of all paths.
pub(crate) const MAX_TILE: usize = 32 * 32;

/// Rows of words, `stride` bytes apart.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) stride: usize,
}

impl Micro {
    /// The kernel of a path that this machine has.
    pub(crate) fn of(path: Path, precision: Precision) -> Self {
        #[cfg(all(test, target_arch = "x86_64"))]
        if let Some(micro) = amx::emulator::micro(precision) {
            return micro;
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(micro) = x86::micro(path, precision) {
            return micro;
        }
        let _ = path;
        plain::micro(precision)
    }

    /// Begins a session; one at a time on a thread.
    pub(crate) fn start(self) -> Tiles {
        if let Some(session) = self.session {
            (session.start)();
        }
        Tiles { micro: self, thread: PhantomData }
    }
}

impl Tiles {
    /// Computes `rows` rows of a tile over `k` words into `c`, whose rows are `stride` apart; adds to them if `add`.
    pub(crate) fn tile(
        &self,
        [rows, k]: [usize; 2],
        a: Rows<'_>,
        b: &[u32],
        (c, stride): (&mut [f32], usize),
        add: bool,
    ) {
        let micro = &self.micro;
        assert!((1..=micro.mr).contains(&rows) && k.is_multiple_of(micro.step), "a tile fits its kernel");
        assert!(
            a.bytes.len() >= (rows - 1) * a.stride + 4 * k && b.len() >= k * micro.nr,
            "operands cover the tile"
        );
        assert!(stride >= micro.nr && c.len() >= (rows - 1) * stride + micro.nr, "the output holds the tile");
        let tile = Tile {
            rows,
            k,
            a: (a.bytes.as_ptr(), a.stride),
            b: b.as_ptr(),
            c: (c.as_mut_ptr(), stride),
            add,
        };
        // SAFETY: the operands hold `k` words and the output all rows and columns of the tile (asserted above);
        // `of` hands out a kernel only for a path that was detected, and this is its session.
        unsafe { (micro.run)(&tile) }
    }
}
