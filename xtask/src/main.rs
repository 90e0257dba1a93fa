//! The workflows of the workspace. Knows nothing of its crates but their names; compiles in seconds.

mod bench;
mod fixtures;
mod new;
mod run;
mod tidy;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  demo [ARGS]       build the release binary and call `biotope demo ARGS` (--quick, --offline, --help)
  test [ARGS]       all tests and doc-tests of the workspace: `cargo test --workspace ARGS`
  check             fmt, tidy, clippy, tests, docs: cheapest first, the same as CI
  tidy              layer table, registries, file and function length, module docs, words that must not appear
  new model NAME    a new file of the zoo and its registry line (also: rule, schedule, step, metric)
  fixtures [CASE]   which reference numbers exist and how to make them anew
  bench [ARGS]      how fast: criterion, our programs, the peers (--peers, --only CASE, --quick, --help)
  dist              release binary with link-time optimisation in target/dist/

Exit codes: 0 yes, 1 the answer is no, 2 it could not be done.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match command(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether the answer is yes.
fn command(args: &[String]) -> Result<bool> {
    let (name, rest) = args.split_first().map_or(("help", &[][..]), |(name, rest)| (name.as_str(), rest));
    match name {
        "demo" => run::demo(rest),
        "test" => run::test(rest),
        "check" => run::check(),
        "tidy" => tidy::tidy(),
        "new" => new::new(rest),
        "fixtures" => fixtures::fixtures(rest),
        "bench" => bench::bench(rest),
        "dist" => run::cargo(&["build", "--profile", "dist", "--package", "biotope-cli"], rest),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(true)
        }
        other => bail!("unknown command {other:?}\n\n{HELP}"),
    }
}
