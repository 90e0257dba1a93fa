//! Same seed, same bytes: on one thread and on two, and when the process is killed in mid-epoch.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{articles, biotope};

/// Trains a small LSTM in a fresh folder, and once more on both splits; `before` may start and kill it first.
fn weights(threads: &str, before: impl FnOnce(&Path, &[&str])) -> [Vec<u8>; 2] {
    let folder = tempfile::tempdir().unwrap();
    articles(folder.path());
    let sets = [
        "text={ use = \"word\" }",
        "model={ use = \"lstm\", dim = 8, hidden = 8, dropout = 0.2 }",
        "train={ epochs = 30, batch_size = 4, save_every = 5, lr = 0.01 }",
        "refit=true",
        threads,
    ];
    biotope(folder.path()).args(["run", "mine.toml", "--to", "curate"]).assert().success();
    let mut args = vec!["train", "mine.toml"];
    for set in &sets {
        args.extend(["--set", set]);
    }
    before(folder.path(), &args);
    biotope(folder.path()).args(&args).assert().success();
    let run = run_folder(folder.path());
    let read = |file: &str| fs::read(run.join(file)).unwrap();
    [read("checkpoints/best/model.safetensors"), read("refit/checkpoints/best/model.safetensors")]
}

fn run_folder(folder: &Path) -> PathBuf {
    fs::read_dir(folder.join("store/runs")).unwrap().next().unwrap().unwrap().path()
}

fn straight(_: &Path, _: &[&str]) {}

/// Starts the training, and kills it as soon as it has written some events into a file of the run's folder.
fn kill_after(lines: usize, file: &str) -> impl FnOnce(&Path, &[&str]) {
    move |folder, args| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_biotope"))
            .args(args)
            .current_dir(folder)
            .env("BIOTOPE_STORE", folder.join("store"))
            .env("HOME", folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let written = || {
            let run = fs::read_dir(folder.join("store/runs")).ok()?.next()?.ok()?.path();
            Some(fs::read_to_string(run.join(file)).ok()?.lines().count())
        };
        while written().unwrap_or(0) < lines && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().ok();
        child.wait().unwrap();
    }
}

#[test]
fn threads_and_kills_leave_the_weights_alone() {
    let expected = weights("resources.threads=1", straight);
    assert!(!expected[0].is_empty() && expected[0] != expected[1]);
    assert!(weights("resources.threads=2", straight) == expected, "two threads gave other weights than one");
    for (lines, file) in [(3, "events.jsonl"), (40, "events.jsonl"), (9, "refit/events.jsonl")] {
        let resumed = weights("resources.threads=2", kill_after(lines, file));
        assert!(
            resumed == expected,
            "killed after {lines} lines of {file} and resumed, the weights are others"
        );
    }
}
