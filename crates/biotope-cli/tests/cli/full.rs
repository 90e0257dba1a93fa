//! A disk that takes no more: every stage names the file, leaves nothing half-written, and does its work once there is room.
//!
//! The system is told that no file may be larger than a kibibyte (`ulimit -f`); a write beyond that fails like one on a full
//! disk, and needs no right to mount.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{articles, biotope};

const STAGES: [&str; 5] = ["collect", "curate", "train", "evaluate", "bundle"];

/// What the binary says when no file may grow beyond a kibibyte.
fn cramped(folder: &Path, stage: &str) -> String {
    let output = Command::new("bash")
        .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "bash", env!("CARGO_BIN_EXE_biotope")])
        .args([stage, "mine.toml"])
        .current_dir(folder)
        .env("BIOTOPE_STORE", "store")
        .env("HOME", folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stage}: {said}");
    said
}

/// Every file and folder below, but locks and the journal of a run that is under way.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(below(&path));
        } else {
            found.push(path);
        }
    }
    found.retain(|path| !path.ends_with(".in-use") && !path.ends_with("events.jsonl"));
    found
}

#[test]
fn each_stage_names_the_file_keeps_nothing_half_written_and_then_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    articles(folder.path());
    let store = folder.path().join("store");
    for stage in STAGES {
        let before = below(&store);
        let said = cramped(folder.path(), stage);
        assert!(said.contains("store/") && said.contains("File too large"), "{stage}: {said}");
        assert!(said.contains("hint:"), "{stage}: {said}");
        let new: Vec<PathBuf> = below(&store).into_iter().filter(|path| !before.contains(path)).collect();
        // Whole small files may stay: the recipe and the vocabulary of a run that will go on.
        let odd = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with('.') || name.ends_with(".partial") || path.to_string_lossy().contains(".new/")
        };
        assert!(!new.iter().any(odd), "{stage} left {new:?}");
        biotope(folder.path()).args([stage, "mine.toml"]).assert().success();
    }
}
