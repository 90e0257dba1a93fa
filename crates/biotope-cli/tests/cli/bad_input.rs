//! Bad input gets an error that says what, where and what to do, and nothing is lost.

use std::fs;
use std::net::TcpListener;

use predicates::prelude::*;

use super::{RECIPE, articles, biotope, stderr_of};

/// What `biotope run mine.toml SET` says when it cannot be done.
fn run(change: impl Fn(&std::path::Path), sets: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    articles(folder.path());
    change(folder.path());
    let mut command = biotope(folder.path());
    command.args(["run", "mine.toml"]);
    for set in sets {
        command.args(["--set", set]);
    }
    stderr_of(&mut command, 2).replace(&folder.path().display().to_string(), "FOLDER")
}

fn write(name: &'static str, bytes: impl AsRef<[u8]>) -> impl Fn(&std::path::Path) {
    move |folder| fs::write(folder.join(name), bytes.as_ref()).unwrap()
}

fn nothing(_: &std::path::Path) {}

#[test]
fn a_rule_for_labels_is_checked_before_anything_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    articles(folder.path());
    let said = |rule: &str| {
        let set = format!("curate.labels=[{rule}]");
        stderr_of(biotope(folder.path()).args(["collect", "mine.toml", "--set", &set]), 2)
    };
    let unknown = said("{ use = \"fiel\", path = \"a.csv\" }");
    assert!(
        unknown.contains("unknown label \"fiel\"") && unknown.contains("did you mean \"file\"?"),
        "{unknown}"
    );
    let key = said("{ use = \"file\", paht = \"a.csv\" }");
    assert!(key.contains("curate.labels[0].paht") && key.contains("did you mean \"path\"?"), "{key}");
    let few = stderr_of(biotope(folder.path()).args(["labels", "mine", "--folds", "1"]), 2);
    assert!(few.contains("invalid folds: must be 0 or in 2..=1000, got 1"), "{few}");
    assert!(!folder.path().join("store/datasets").exists());
}

#[test]
fn a_missing_file_is_named() {
    let said = run(|folder| fs::remove_file(folder.join("articles.csv")).unwrap(), &[]);
    assert!(said.contains("articles.csv") && said.contains("No such file"), "{said}");
    assert!(said.contains("hint:"), "{said}");
}

#[test]
fn unknown_names_come_with_the_nearest() {
    let said = run(nothing, &["model.use=ngram-liner"]);
    assert!(
        said.contains("unknown model \"ngram-liner\"") && said.contains("did you mean \"ngram-linear\"?"),
        "{said}"
    );
    let said = run(nothing, &["train.epocs=3"]);
    assert!(said.contains("\"epocs\"") && said.contains("did you mean \"epochs\"?"), "{said}");
    let said = run(nothing, &["text.use=ngram"]);
    assert!(
        said.contains("unknown featurizer \"ngram\"") && said.contains("did you mean \"ngrams\"?"),
        "{said}"
    );
    let folder = tempfile::tempdir().unwrap();
    let said = stderr_of(biotope(folder.path()).args(["run", "reuters-r9"]), 2);
    assert!(
        said.contains("unknown recipe \"reuters-r9\"") && said.contains("did you mean \"reuters-r8\"?"),
        "{said}"
    );
}

#[test]
fn a_recipe_that_is_no_toml_says_where() {
    let said = run(write("mine.toml", "name = \"x\"\nseed = = 3\n"), &[]);
    assert!(said.contains("mine.toml") && said.contains("line 2"), "{said}");
}

#[test]
fn malformed_lines_are_quarantined_with_their_number_and_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    articles(folder.path());
    let path = folder.path().join("articles.csv");
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend(b"one,two,three,four\n");
    bytes.extend(b"\"caf\xe9 \xff\",sport\n");
    fs::write(&path, bytes).unwrap();
    biotope(folder.path())
        .args(["run", "mine.toml", "--to", "curate"])
        .assert()
        .success()
        .stdout(predicate::str::contains("2 set aside"));
    let quarantine = fs::read_to_string(folder.path().join("store/quarantine/mine/collect.jsonl")).unwrap();
    assert!(quarantine.contains("\"line\":42") && quarantine.contains("\"line\":43"), "{quarantine}");
    assert!(quarantine.contains("UTF-8"), "{quarantine}");
}

#[test]
fn an_empty_dataset_and_a_lonely_example_are_refused() {
    let said = run(write("articles.csv", "text,label\n"), &[]);
    assert!(said.contains("no documents"), "{said}");
    let rows = format!("text,label\n{}Only one,lonely\n", "The same old story,common\n".repeat(9));
    let said = run(write("articles.csv", rows), &[]);
    assert!(said.contains("class \"lonely\" has 1 of the") && said.contains("rare"), "{said}");
}

#[test]
fn a_port_in_use_is_said() {
    let folder = tempfile::tempdir().unwrap();
    articles(folder.path());
    biotope(folder.path()).args(["run", "mine.toml"]).assert().success();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let said = stderr_of(biotope(folder.path()).args(["serve", "mine", "--addr", &addr]), 2);
    assert!(said.contains(&addr) && said.contains("in use") && said.contains("hint:"), "{said}");
}

#[test]
fn a_corrupted_bundle_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    articles(folder.path());
    biotope(folder.path()).args(["run", "mine.toml"]).assert().success();
    let bundles = folder.path().join("store/bundles/mine");
    let version = fs::read_dir(bundles).unwrap().map(|e| e.unwrap().path()).find(|p| p.is_dir()).unwrap();
    let weights = version.join("model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&weights, bytes).unwrap();
    let said = stderr_of(biotope(folder.path()).args(["predict", "mine", "text"]), 2);
    assert!(said.contains("model.safetensors"), "{said}");
    let said = stderr_of(biotope(folder.path()).args(["predict", "nine", "text"]), 2);
    assert!(said.contains("nine"), "{said}");
}

#[test]
fn a_text_of_ten_megabytes_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    articles(folder.path());
    biotope(folder.path()).args(["run", "mine.toml"]).assert().success();
    let text = "the striker scored in the league ".repeat(10 << 15);
    let output = biotope(folder.path()).args(["predict", "mine"]).write_stdin(text).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    let said =
        stderr_of(biotope(folder.path()).args(["predict", "mine"]).write_stdin(&b"\xff\xfe bytes"[..]), 2);
    assert!(said.contains("stdin is not UTF-8"), "{said}");
}

#[test]
fn a_store_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    articles(folder.path());
    fs::write(folder.path().join("file"), "").unwrap();
    let said = stderr_of(biotope(folder.path()).args(["run", "mine.toml", "--store", "file/store"]), 2);
    assert!(said.contains("file/store"), "{said}");
}

#[test]
fn errors_are_json_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.toml"), RECIPE.replace("seed", "sead")).unwrap();
    let said = stderr_of(biotope(folder.path()).args(["run", "mine.toml", "--json"]), 2);
    let error: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(error["hint"], "did you mean \"seed\"?");
    let said = stderr_of(
        biotope(folder.path()).args(["run", "reuters-r8", "--from", "train", "--to", "collect"]),
        2,
    );
    assert!(said.contains("--from train comes after --to collect"), "{said}");
    let unknown = "0".repeat(32);
    let said = stderr_of(biotope(folder.path()).args(["show", "record", &unknown]), 1);
    assert!(said.contains("nothing is known"), "{said}");
}
