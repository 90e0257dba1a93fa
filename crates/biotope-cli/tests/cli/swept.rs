//! What a killed collection or curation leaves behind is removed by the next one, and nothing of a running one.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{RECIPE, biotope};

/// Enough articles that a stage can be caught at its work.
fn many_articles(folder: &Path) {
    let mut csv = "text,label\n".to_owned();
    for n in 0..6_000 {
        let label = ["sport", "business"][n % 2];
        let _ = writeln!(
            csv,
            "\"{label} of day {n} {}\",{label}",
            format!("and its number {} ", n * 7).repeat(20)
        );
    }
    fs::write(folder.join("articles.csv"), csv).unwrap();
    fs::write(folder.join("mine.toml"), RECIPE).unwrap();
}

/// The binary at work, with nobody listening.
fn start(folder: &Path, stage: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_biotope"))
        .args([stage, "mine.toml", "--force"])
        .current_dir(folder)
        .env("BIOTOPE_STORE", folder.join("store"))
        .env("HOME", folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Everything below the store that is no finished work.
fn unfinished(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.join("store")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with(".part-") || name.starts_with(".tmp") || name.starts_with("run-") {
                found.push(path);
            } else if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

/// Waits until the process is caught with an unfinished file of that kind, and gives it a signal.
fn catch(child: &mut Child, folder: &Path, kind: &str, signal: &str) {
    let is_caught = || {
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(kind);
        unfinished(folder).iter().any(name)
    };
    while !is_caught() {
        assert!(child.try_wait().unwrap().is_none(), "it was done before it was caught with a {kind}");
        std::thread::yield_now();
    }
    send(child, signal);
}

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn the_next_run_removes_what_a_killed_one_left() {
    let folder = tempfile::tempdir().unwrap();
    many_articles(folder.path());
    for (stage, kind) in [("collect", ".part-"), ("curate", "run-")] {
        let mut child = start(folder.path(), stage);
        catch(&mut child, folder.path(), kind, "-KILL");
        child.wait().unwrap();
        assert!(!unfinished(folder.path()).is_empty(), "a killed {stage} left nothing to remove");
        biotope(folder.path()).args([stage, "mine.toml"]).assert().success();
        assert_eq!(unfinished(folder.path()), Vec::<PathBuf>::new(), "after {stage}");
    }
}

#[test]
fn a_running_one_is_not_disturbed() {
    let folder = tempfile::tempdir().unwrap();
    many_articles(folder.path());
    biotope(folder.path()).args(["collect", "mine.toml"]).assert().success();
    let mut slow = start(folder.path(), "curate");
    catch(&mut slow, folder.path(), "run-", "-STOP");
    let before = unfinished(folder.path());
    biotope(folder.path()).args(["curate", "mine.toml", "--force"]).assert().success();
    assert_eq!(unfinished(folder.path()), before, "the files of the one that only slept are gone");
    send(&slow, "-CONT");
    assert!(slow.wait().unwrap().success());
    assert_eq!(unfinished(folder.path()), Vec::<PathBuf>::new());
}
