//! From articles to an answer by the binary alone.

use predicates::prelude::*;
use serde_json::Value;

use super::{articles, biotope};

#[test]
fn a_recipe_runs_is_skipped_and_its_bundle_answers() {
    let folder = tempfile::tempdir().unwrap();
    articles(folder.path());
    let run = || biotope(folder.path()).args(["run", "mine.toml", "--json"]).output().unwrap();
    let stages: Value = serde_json::from_slice(&run().stdout).unwrap();
    let names: Vec<&str> = stages.as_array().unwrap().iter().map(|s| s["stage"].as_str().unwrap()).collect();
    assert_eq!(names, ["collect", "curate", "train", "evaluate", "bundle"]);
    assert!(stages.as_array().unwrap().iter().all(|stage| stage["skipped"] == false), "{stages}");
    let again: Value = serde_json::from_slice(&run().stdout).unwrap();
    assert!(again.as_array().unwrap().iter().all(|stage| stage["skipped"] == true), "{again}");

    let asked = biotope(folder.path())
        .args(["predict", "mine", "the striker scored in the league", "--json", "--explain"])
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&asked.stdout).unwrap();
    assert_eq!(answer[0]["scores"][0]["label"], "sport", "{answer}");
    assert!(!answer[0]["words"].as_array().unwrap().is_empty());

    biotope(folder.path())
        .args(["show", "run", "mine"])
        .assert()
        .success()
        .stdout(predicate::str::contains("ngram-linear"));
    biotope(folder.path())
        .args(["show", "bundle", "mine"])
        .assert()
        .success()
        .stdout(predicate::str::contains("lineage"));
    biotope(folder.path())
        .args(["list", "bundles"])
        .assert()
        .success()
        .stdout(predicate::str::contains("mine"));
}

#[test]
fn every_record_of_a_prediction_leads_back_to_its_source() {
    let folder = tempfile::tempdir().unwrap();
    articles(folder.path());
    biotope(folder.path()).args(["run", "mine.toml", "--to", "evaluate"]).assert().success();
    let run = std::fs::read_dir(folder.path().join("store/runs")).unwrap().next().unwrap().unwrap().path();
    let lines = std::fs::read_to_string(run.join("predictions.jsonl")).unwrap();
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    let shown = biotope(folder.path())
        .args(["show", "record", first["id"].as_str().unwrap(), "--json"])
        .output()
        .unwrap();
    let record: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let row = &record["datasets"][0];
    assert!(row["source"].as_str().unwrap().contains("articles.csv"), "{record}");
    assert_eq!((&row["split"], &row["label"]), (&Value::from("test"), &first["label"]));
    assert_eq!(record["predictions"][0]["predicted"], first["predicted"]);
    assert!(
        row["trail"].as_array().unwrap().iter().any(|trace| trace["step"] == "normalize-text"),
        "{record}"
    );
}

#[test]
fn help_and_lists_need_no_store() {
    let folder = tempfile::tempdir().unwrap();
    biotope(folder.path())
        .arg("--help")
        .assert()
        .success()
        .stdout(predicate::str::contains("biotope demo --quick"));
    let models = biotope(folder.path()).args(["list", "models"]).assert().success();
    models.stdout(predicate::str::contains("text-cnn").and(predicate::str::contains("\u{1b}").not()));
    biotope(folder.path())
        .args(["completions", "bash"])
        .assert()
        .success()
        .stdout(predicate::str::contains("biotope"));
    biotope(folder.path())
        .args(["show", "recipe", "csv"])
        .assert()
        .success()
        .stdout(predicate::str::contains("[collect]"));
}
