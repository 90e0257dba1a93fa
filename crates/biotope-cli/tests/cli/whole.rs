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
fn a_refit_ships_what_learned_from_both_splits_and_says_so_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    articles(folder.path());
    let json = |args: &[&str]| -> Value {
        let output = biotope(folder.path()).args(args).arg("--json").output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
    };
    let plain = json(&["run", "mine.toml"]);
    let stages = json(&["run", "mine.toml", "--set", "refit=true"]);
    assert_eq!(stages[1]["skipped"], true);
    let facts = &stages[2]["details"];
    let rows = |name: &str| facts[name].as_u64().unwrap();
    let all = rows("train_rows") + rows("valid_rows");
    assert_eq!(facts["refit"]["rows"], all);
    assert!(facts["refit"]["steps"].as_u64() > Some(0) && facts["best_value"].as_f64().is_some(), "{facts}");
    assert_eq!(plain[2]["details"]["valid"], facts["valid"], "the choosing run is the same");
    assert!(stages[2]["summary"].as_str().unwrap().contains(&format!("then on all {all} for")), "{stages}");

    let bundles = ["mine@1", "mine@2"].map(|name| json(&["show", "bundle", name]));
    let lineage = bundles.each_ref().map(|bundle| &bundle["lineage"]);
    assert_eq!(
        lineage.map(|l| l["splits"].clone()),
        [serde_json::json!(["train"]), serde_json::json!(["train", "valid"])]
    );
    assert_eq!(lineage.map(|l| l["training_records"].as_u64().unwrap()), [rows("train_rows"), all]);
    assert!(bundles[1]["card"].as_str().unwrap().contains("on the splits train and valid"), "{}", bundles[1]);
    let run = folder.path().join("store/runs").join(facts["id"].as_str().unwrap());
    let read = |path: std::path::PathBuf| std::fs::read(path).unwrap();
    let shipped = read(folder.path().join("store/bundles/mine/2/model.safetensors"));
    assert!(shipped == read(run.join("refit/checkpoints/best/model.safetensors")));
    assert!(shipped != read(run.join("checkpoints/best/model.safetensors")));
    let report = String::from_utf8(read(run.join("report.html"))).unwrap();
    assert!(report.contains(&format!("passes over all {all} documents")), "the report keeps silent");
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
    let json = biotope(folder.path()).args(["show", "recipe", "csv", "--json"]).output().unwrap().stdout;
    let recipe: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!((&recipe["name"], &recipe["train"]["batch_size"]), (&"mine".into(), &32.into()));
    let lists = biotope(folder.path()).args(["list", "--json"]).output().unwrap().stdout;
    let lists: Value = serde_json::from_slice(&lists).unwrap();
    assert!(lists["models"].as_array().is_some_and(|models| models.len() >= 4), "{lists}");
}
