//! Tiles of AMX: `[16][16]` words each, a product of 32 rows and 32 columns in four of them.
//!
//! No compiler intrinsic is stable yet, so the whole chain of a tile's product is one program in assembler. Its text is a
//! list of lines: on a machine without AMX the tests run the same lines in an interpreter (`emulator`).

use std::arch::asm;
use std::arch::x86_64::{__cpuid_count, _xgetbv};

use super::{Micro, Rows, Run, Session, Tile, Words};
use crate::Precision;
use crate::kernels::scratch;

#[cfg(test)]
pub(crate) mod emulator;

/// Rows of a tile, and words of a row.
const SIDE: usize = 16;
/// Columns of a panel.
const NR: usize = 2 * SIDE;

/// Whether processor and system offer tiles of bf16 and of bytes; asks the system for leave to use them.
pub(crate) fn detected() -> bool {
    if !is_x86_feature_detected!("xsave") || !is_x86_feature_detected!("avx512f") {
        return false;
    }
    let features = __cpuid_count(7, 0).edx;
    // SAFETY: `xsave` was detected.
    let state = unsafe { enabled() };
    // Bits of `AMX-BF16`, `AMX-TILE`, `AMX-INT8`; of the tiles' configuration and data.
    [22, 24, 25].iter().all(|bit| features >> bit & 1 == 1)
        && state >> 17 & 3 == 3
        && permitted()
        && is_right(micro)
}

/// # Safety
/// The processor has `xsave`.
#[target_feature(enable = "xsave")]
unsafe fn enabled() -> u64 {
    // SAFETY: the caller's promise.
    unsafe { _xgetbv(0) }
}

/// Linux gives a process the memory for tiles when it asks: `arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)`.
fn permitted() -> bool {
    let mut result: i64 = 158; // the number of the call
    if cfg!(target_os = "linux") {
        // SAFETY: a system call that changes nothing but what this process may use.
        unsafe {
            asm!("syscall", inlateout("rax") result, in("rdi") 0x1023, in("rsi") 18, out("rcx") _, out("r11") _);
        }
    }
    result == 0
}

/// Whether tiles answer as they must, tried once on small whole numbers, whose sums have one right answer in any order: a
/// machine that answers otherwise is not believed to have tiles.
fn is_right(micro: fn(Precision) -> Micro) -> bool {
    let tried = [Precision::Bf16, Precision::Int8].map(micro);
    tried.into_iter().all(|micro| [SIDE - 3, NR].into_iter().all(|rows| answers(micro, rows)))
}

fn answers(micro: Micro, rows: usize) -> bool {
    const WORDS: usize = 2 * SIDE;
    let numbers = micro.words.numbers();
    let left = |row: usize, step: usize| ((row * 3 + step * 5) % 7) as i32;
    let right = |step: usize, column: usize| ((step * 2 + column) % 5) as i32 - 2;
    let word = |at: usize, number: &dyn Fn(usize) -> i32| -> u32 {
        let steps = at * numbers..(at + 1) * numbers;
        let bits = |number: i32| match micro.words {
            Words::I8 => u32::from(number as u8),
            _ => (number as f32).to_bits() >> 16,
        };
        steps.rev().fold(0, |word, step| word << (32 / numbers) | bits(number(step)))
    };
    let a: Vec<u32> = (0..rows * WORDS).map(|at| word(at % WORDS, &|step| left(at / WORDS, step))).collect();
    let b: Vec<u32> = (0..WORDS * NR).map(|at| word(at / NR, &|step| right(step, at % NR))).collect();
    let mut c = vec![f32::NAN; rows * NR];
    let rows_of_a = Rows { bytes: scratch::bytes(&a), stride: 4 * WORDS };
    micro.start().tile([rows, WORDS], rows_of_a, &b, (&mut c, NR), false);
    c.iter().enumerate().all(|(at, value)| {
        let sum: i32 = (0..WORDS * numbers).map(|step| left(at / NR, step) * right(step, at % NR)).sum();
        if micro.words == Words::I8 { value.to_bits() as i32 == sum } else { *value == sum as f32 }
    })
}

pub(super) fn micro(precision: Precision) -> Micro {
    let session = Some(Session { start: || (NATIVE.configure)(&Config::of(NR)), stop: NATIVE.release });
    kernel(precision, [bf16, int8], session)
}

fn kernel(precision: Precision, [bf16, int8]: [Run; 2], session: Option<Session>) -> Micro {
    let (words, run) = if precision == Precision::Int8 { (Words::I8, int8) } else { (Words::Bf16, bf16) };
    Micro { mr: NR, nr: NR, step: SIDE, words, run, session }
}

/// # Safety
/// As [`Run`] says.
unsafe fn bf16(tile: &Tile) {
    // SAFETY: the caller's promise.
    unsafe { run(&NATIVE, tile, [bf16_low, bf16_high]) }
}

/// # Safety
/// As [`Run`] says.
unsafe fn int8(tile: &Tile) {
    // SAFETY: the caller's promise.
    unsafe { run(&NATIVE, tile, [int8_low, int8_high]) }
}

/// Shapes of the eight tiles.
#[repr(C, align(64))]
struct Config([u8; 64]);

impl Config {
    /// For products of some rows: tiles 0, 1 and 4 have the first 16 of them, 2, 3 and 5 the others.
    fn of(rows: usize) -> Self {
        let mut bytes = [0; 64];
        bytes[0] = 1; // the only palette
        let (low, high) = (rows.min(SIDE), rows.saturating_sub(SIDE));
        for (tile, rows) in [low, low, high, high, low, high, SIDE, SIDE].into_iter().enumerate() {
            if rows > 0 {
                bytes[16 + 2 * tile] = 4 * SIDE as u8;
                bytes[48 + tile] = rows as u8;
            }
        }
        Self(bytes)
    }
}

/// Who holds the tiles.
struct Machine {
    configure: fn(&Config),
    release: fn(),
}

const NATIVE: Machine = Machine {
    // SAFETY: the kernel of this path is handed out only where tiles were detected; the shapes are of palette 1.
    configure: |config| unsafe {
        asm!("ldtilecfg [{}]", in(reg) config.0.as_ptr(), options(nostack, readonly));
    },
    // SAFETY: as above.
    release: || unsafe { asm!("tilerelease", options(nostack)) },
};

/// What a program works on; addresses and distances in bytes.
#[derive(Clone, Copy)]
struct Registers {
    /// Rows of the left operand, from the first and from the seventeenth on; between rows.
    a0: *const u8,
    a1: *const u8,
    sa: usize,
    /// The panel; between its words.
    b: *const u8,
    sb: usize,
    /// Blocks of [`SIDE`] words.
    k: usize,
    /// Rows of the output; between rows.
    c0: *mut u8,
    c1: *mut u8,
    sc: usize,
    /// Whether to add to the output.
    add: usize,
}

/// # Safety
/// Memory is there as [`Tile`] says, and tiles are configured for its rows.
type Program = unsafe fn(Registers);

/// # Safety
/// As [`Run`] says; `programs` are for up to 16 and for up to 32 rows.
unsafe fn run(machine: &Machine, tile: &Tile, programs: [Program; 2]) {
    let registers = Registers {
        a0: tile.a.0,
        a1: tile.a.0.wrapping_add(SIDE * tile.a.1),
        sa: tile.a.1,
        b: tile.b.cast(),
        sb: 4 * NR,
        k: tile.k / SIDE,
        c0: tile.c.0.cast(),
        c1: tile.c.0.wrapping_add(SIDE * tile.c.1).cast(),
        sc: 4 * tile.c.1,
        add: usize::from(tile.add),
    };
    if tile.rows < NR {
        (machine.configure)(&Config::of(tile.rows));
    }
    // SAFETY: the caller's promise; the tiles have the rows of this tile, or all by the session that runs.
    unsafe { programs[usize::from(tile.rows > SIDE)](registers) };
    if tile.rows < NR {
        (machine.configure)(&Config::of(NR));
    }
}

macro_rules! program {
    ($name:ident, $text:ident, [$($register:ident)*], [$($line:expr)*]) => {
        /// # Safety
        /// As [`Program`] says.
        unsafe fn $name(registers: Registers) {
            // SAFETY: the program reads and writes what the caller promises. It takes nothing from tiles that it did not
            // put there, and leaves nothing.
            unsafe {
                asm!(
                    $($line,)*
                    $($register = inout(reg) registers.$register => _,)*
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack)
                );
            }
        }

        #[cfg(test)]
        const $text: &[&str] = &[$($line),*];
    };
}

/// Up to 16 rows: two tiles of sums.
macro_rules! low {
    ($name:ident, $text:ident, $dot:literal) => {
        program!($name, $text, [a0 sa b sb k c0 sc add], [
            "test {add}, {add}"
            "jz 3f"
            "tileloadd tmm0, [{c0} + {sc}*1]"
            "tileloadd tmm1, [{c0} + {sc}*1 + 64]"
            "jmp 2f"
            "3:"
            "tilezero tmm0"
            "tilezero tmm1"
            "2:"
            "tileloadd tmm4, [{a0} + {sa}*1]"
            "tileloadd tmm6, [{b} + {sb}*1]"
            concat!($dot, " tmm0, tmm4, tmm6")
            "tileloadd tmm7, [{b} + {sb}*1 + 64]"
            concat!($dot, " tmm1, tmm4, tmm7")
            "add {a0}, 64"
            "add {b}, 2048"
            "dec {k}"
            "jnz 2b"
            "tilestored [{c0} + {sc}*1], tmm0"
            "tilestored [{c0} + {sc}*1 + 64], tmm1"
        ]);
    };
}

/// Up to 32 rows: four tiles of sums.
macro_rules! high {
    ($name:ident, $text:ident, $dot:literal) => {
        program!($name, $text, [a0 a1 sa b sb k c0 c1 sc add], [
            "test {add}, {add}"
            "jz 3f"
            "tileloadd tmm0, [{c0} + {sc}*1]"
            "tileloadd tmm1, [{c0} + {sc}*1 + 64]"
            "tileloadd tmm2, [{c1} + {sc}*1]"
            "tileloadd tmm3, [{c1} + {sc}*1 + 64]"
            "jmp 2f"
            "3:"
            "tilezero tmm0"
            "tilezero tmm1"
            "tilezero tmm2"
            "tilezero tmm3"
            "2:"
            "tileloadd tmm4, [{a0} + {sa}*1]"
            "tileloadd tmm6, [{b} + {sb}*1]"
            concat!($dot, " tmm0, tmm4, tmm6")
            "tileloadd tmm7, [{b} + {sb}*1 + 64]"
            concat!($dot, " tmm1, tmm4, tmm7")
            "tileloadd tmm5, [{a1} + {sa}*1]"
            concat!($dot, " tmm2, tmm5, tmm6")
            concat!($dot, " tmm3, tmm5, tmm7")
            "add {a0}, 64"
            "add {a1}, 64"
            "add {b}, 2048"
            "dec {k}"
            "jnz 2b"
            "tilestored [{c0} + {sc}*1], tmm0"
            "tilestored [{c0} + {sc}*1 + 64], tmm1"
            "tilestored [{c1} + {sc}*1], tmm2"
            "tilestored [{c1} + {sc}*1 + 64], tmm3"
        ]);
    };
}

low!(bf16_low, BF16_LOW, "tdpbf16ps");
high!(bf16_high, BF16_HIGH, "tdpbf16ps");
low!(int8_low, INT8_LOW, "tdpbusd");
high!(int8_high, INT8_HIGH, "tdpbusd");

#[cfg(test)]
mod tests {
    use super::*;

    fn right(precision: Precision) -> Micro {
        emulator::micro(precision).expect("emulated")
    }

    fn wrong(precision: Precision) -> Micro {
        Micro { run: |_| {}, ..right(precision) }
    }

    #[test]
    fn a_machine_is_believed_only_if_it_answers_right() {
        emulator::emulated(|| assert!(is_right(right) && !is_right(wrong)));
    }
}
