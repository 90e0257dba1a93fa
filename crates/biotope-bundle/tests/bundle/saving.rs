//! What a bundle leaves on the disk, and the registry over it.

use std::fs;

use biotope_bundle::{Bundle, registry};
use biotope_core::RecordId;
use biotope_models::bert;
use serde_json::Value;

use crate::support::{Made, TEXTS, ids, zoo};

fn json(path: &std::path::Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_saved_bundle_is_whole_and_leaves_nothing_beside_it() {
    let made = Made::linear();
    let signature = made.save("1").unwrap();
    let dir = made.folder("1");
    for file in [
        "config.json",
        "model.safetensors",
        "featurizer.toml",
        "steps.toml",
        "labels.json",
        "README.md",
        "eval.json",
        "lineage.json",
        "training_ids.txt",
        "manifest.json",
    ] {
        assert!(dir.join(file).is_file(), "{file}");
    }
    let beside = fs::read_dir(dir.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(beside.filter(|name| name != ".in-use").count(), 1);
    let bundle = Bundle::open(&dir).unwrap();
    assert_eq!(biotope_bundle::Predictor::signature(&bundle), &signature);
    assert_eq!((signature.name.as_str(), signature.model.as_str()), ("news", "ngram-linear"));
    assert_eq!(signature.digest.unwrap().len(), 64);
    assert_eq!(bundle.evaluation().unwrap().rows, 30);
    assert_eq!(bundle.steps(), made.steps);
}

#[test]
fn the_same_parts_give_the_same_digest() {
    let (a, b) = (Made::linear(), Made::linear());
    assert_eq!(a.save("1").unwrap(), b.save("1").unwrap());
}

#[test]
fn every_prediction_is_traceable_to_the_articles_behind_it() {
    let made = Made::linear();
    made.save("1").unwrap();
    let bundle = Bundle::open(made.folder("1")).unwrap();
    let mut expected = ids();
    expected.sort_unstable();
    expected.dedup();
    assert_eq!(bundle.training_ids(), expected);
    assert!(bundle.was_trained_on(RecordId::of(&[TEXTS[2].as_bytes()])));
    assert!(!bundle.was_trained_on(RecordId::of(&[b"another"])));
    let lineage = bundle.lineage();
    assert_eq!((lineage.training_records, lineage.dataset_version, lineage.seed), (4, 3, 7));
    assert!(lineage.training_digest.is_some());
}

#[test]
fn the_card_has_front_matter_and_every_section() {
    let made = Made::linear();
    made.save("1").unwrap();
    let card = fs::read_to_string(made.folder("1").join("README.md")).unwrap();
    let front = card.strip_prefix("---\n").unwrap().split("---\n").next().unwrap();
    assert!(front.starts_with(
        "license: \"cc-by-4.0\"\nlanguage: [\"en\",\"zh\"]\npipeline_tag: \"text-classification\"\n"
    ));
    let index = front.lines().find_map(|line| line.strip_prefix("model-index: ")).unwrap();
    let index: Value = serde_json::from_str(index).unwrap();
    assert_eq!(index[0]["results"][0]["dataset"]["name"], "news-2024");
    assert_eq!(index[0]["results"][0]["metrics"][0]["type"], "accuracy");
    for part in [
        "# news 1\n",
        "## Intended use",
        "## Limits",
        "## Results",
        "| Accuracy | 0.9000 |",
        "95 % interval",
        "## Training data",
        "`news-2024`, version 3, digest `d-digest`: 4 records",
        "for as many passes, on the splits train and valid.",
        "| limit-length: too short | 12 |",
        "`normalize-text`, `limit-length`",
        "biotope serve news@1",
        "seed 7",
        "`贸易`",
    ] {
        assert!(card.contains(part), "{part:?} is not in\n{card}");
    }
}

#[test]
fn the_recipes_options_of_the_server_travel_with_it() {
    let mut made = Made::linear();
    made.save("1").unwrap();
    assert!(Bundle::open(made.folder("1")).unwrap().serve().is_empty());
    assert!(!made.folder("1").join("serve.toml").exists());
    made.serve = "max_queue = 7\nprivate_hosts = [\"cms.news.example\"]".parse().unwrap();
    made.save("2").unwrap();
    assert_eq!(*Bundle::open(made.folder("2")).unwrap().serve(), made.serve);
}

#[test]
fn a_bert_bundle_is_a_folder_in_hugging_faces_layout() {
    let (model, text) = zoo().pop().unwrap();
    let made = Made::new(model, &text);
    made.save("1").unwrap();
    let dir = made.folder("1");
    let config = json(&dir.join("config.json"));
    assert_eq!((&config["model_type"], &config["hidden_size"]), (&"bert".into(), &16.into()));
    assert_eq!(config["id2label"]["2"], "贸易");
    assert!(dir.join("tokenizer.json").is_file());
    assert_eq!(bert::read_task(&dir).unwrap(), Some(made.task.clone()));
    assert_eq!(bert::read_config(&dir).unwrap().hidden_size, 16);
}

#[test]
fn a_draft_of_a_killed_process_goes_with_the_next_bundle() {
    let made = Made::linear();
    let draft = made.folder("1").with_file_name(".biotope-draft-x");
    fs::create_dir_all(&draft).unwrap();
    fs::write(draft.join("model.safetensors"), "half").unwrap();
    made.save("1").unwrap();
    assert!(!draft.exists() && made.folder("1").exists());
}

#[test]
fn versions_grow_and_are_found() {
    let made = Made::linear();
    let store = made.store.path();
    assert_eq!(registry::next_version(store, "news").unwrap(), "1");
    for version in ["1", "2", "10"] {
        made.save(version).unwrap();
    }
    assert_eq!(registry::next_version(store, "news").unwrap(), "11");
    let versions: Vec<String> =
        registry::list(store).unwrap().into_iter().map(|stored| stored.version).collect();
    assert_eq!(versions, ["1", "2", "10"]);
    assert_eq!(registry::latest(store, "news").unwrap().path, made.folder("10"));
    assert_eq!(registry::locate(store, "news", None).unwrap(), made.folder("10"));
    assert_eq!(registry::locate(store, "news", Some("2")).unwrap(), made.folder("2"));
    let error = registry::locate(store, "news", Some("3")).unwrap_err();
    assert_eq!(error.hint().unwrap(), "versions: 1, 2, 10");
    let error = registry::latest(store, "newz").unwrap_err();
    assert!(error.to_string().starts_with("no bundle \"newz\" in "), "{error}");
    assert_eq!(error.hint().unwrap(), "did you mean \"news\"?");
    for bad in ["", "../x", "a/b", ".hidden"] {
        let error = registry::folder(store, bad, "1").unwrap_err();
        assert!(error.to_string().starts_with("invalid name: must be letters"), "{error}");
    }
}
