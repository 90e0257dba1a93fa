//! The binary `biotope`.

use std::process::ExitCode;

/// candle makes a fresh tensor for every result; this allocator hands pages back and forth without the kernel.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    biotope_cli::main()
}
