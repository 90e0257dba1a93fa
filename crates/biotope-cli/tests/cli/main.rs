//! The binary as people and scripts meet it.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod bad_input;
mod extract;
mod full;
mod killed;
mod mask;
mod serving;
mod swept;
mod versions;
mod whole;

use std::fmt::Write as _;
use std::path::Path;

use assert_cmd::Command;

/// The binary in a folder of its own, without colours and without anybody's settings.
fn biotope(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_biotope"));
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", "")
        .env("HOME", folder)
        .env("BIOTOPE_STORE", folder.join("store"));
    command
}

/// Forty articles of two kinds and a recipe that learns them, in `folder`.
fn articles(folder: &Path) {
    let mut csv = "text,label\n".to_owned();
    for n in 0..40 {
        let _ = match n % 2 {
            0 => writeln!(csv, "\"The striker scored goal {n},  in match {} of the league.\",sport", n * 7),
            _ => {
                writeln!(
                    csv,
                    "\"The bank raised its rate by {n} points,  after quarter {}.\",business",
                    n * 3
                )
            }
        };
    }
    std::fs::write(folder.join("articles.csv"), csv).unwrap();
    std::fs::write(folder.join("mine.toml"), RECIPE).unwrap();
}

const RECIPE: &str = r#"
name = "mine"
seed = 7
collect.sources = [{ use = "csv", path = "articles.csv" }]
text = { use = "ngrams" }
model = { use = "ngram-linear" }
[curate]
steps = [{ use = "normalize-text" }]
dedup = false
split = { use = "stratified", valid = 0.2, test = 0.2 }
[train]
epochs = 3
[evaluate]
resamples = 100
"#;

/// Standard error of a run that must end with exit code `code`.
fn stderr_of(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}{}", String::from_utf8_lossy(&output.stdout));
    stderr
}
