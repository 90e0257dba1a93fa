//! Commands that call cargo or the binary it built.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask lies in the workspace").to_path_buf()
}

/// Where cargo builds: `CARGO_TARGET_DIR`, else `target`.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Calls `cargo FIXED REST` in the root.
pub(crate) fn cargo(fixed: &[&str], rest: &[String]) -> Result<bool> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo).args(fixed).args(rest))
}

pub(crate) fn run(command: &mut Command) -> Result<bool> {
    eprintln!("$ {}", show(command));
    let status = command.current_dir(root()).status();
    Ok(status.with_context(|| format!("could not start {}", command.get_program().display()))?.success())
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().rsplit('/').next().unwrap_or_default().to_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Builds the release binary and calls `biotope demo`.
pub(crate) fn demo(args: &[String]) -> Result<bool> {
    if !cargo(&["build", "--release", "--locked", "--package", "biotope-cli"], &[])? {
        return Ok(false);
    }
    run(Command::new(target().join("release").join("biotope")).arg("demo").args(args))
}

/// All tests and doc-tests.
pub(crate) fn test(args: &[String]) -> Result<bool> {
    cargo(&["test", "--workspace", "--locked"], args)
}

/// Everything that CI holds against a change, cheapest first; stops at the first no.
pub(crate) fn check() -> Result<bool> {
    Ok(cargo(&["fmt", "--all", "--check"], &[])?
        && crate::tidy::tidy()?
        && cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], &[])?
        && test(&[])?
        && cargo(&["doc", "--workspace", "--no-deps", "--locked"], &[])?)
}
