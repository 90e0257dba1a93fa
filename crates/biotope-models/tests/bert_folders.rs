//! BERT folders: saved and opened again, and how each error looks.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use biotope_core::{Component, Features, RecordId, Seed, Task};
use biotope_models::bert::{self, BertConfig, Pooling};
use biotope_models::{Catalogue, Error};
use biotope_nn::{Batch, Example, Mode, Model, Params, params};
use candle_core::Device;

fn small() -> BertConfig {
    BertConfig {
        vocab_size: 20,
        hidden_size: 8,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        intermediate_size: 16,
        max_position_embeddings: 6,
        ..BertConfig::default()
    }
}

fn build(config: &BertConfig, task: &Task, seed: u64) -> (Box<dyn Model>, Params) {
    let params = Params::new(Seed(seed), &Device::Cpu);
    (Catalogue::default().build(&Component::of(config), task, 20, &params).unwrap(), params)
}

fn logits(model: &dyn Model, tokens: Vec<u32>) -> biotope_nn::Result<Vec<Vec<f32>>> {
    let example = Example { id: RecordId::of(&[b"a"]), features: Features::Tokens(tokens), target: None };
    let batch = Batch::collate(&[&example], &Device::Cpu)?;
    Ok(model.forward(&batch, Mode::Eval)?.logits.to_vec2()?)
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/reference/biotope-models/bert/model")
}

fn look(error: &Error, dir: &Path) -> String {
    let text = format!("{error} / {}", error.hint().unwrap_or_else(|| "-".into()));
    text.replace(&dir.display().to_string(), "DIR")
}

#[test]
fn saved_and_opened_are_equal_to_the_bit() {
    let dir = tempfile::tempdir().unwrap();
    let tasks = [
        Task::single_label(["economy", "体育"]),
        Task::MultiLabel { labels: vec!["a".into(), "b".into()] },
        Task::Regression,
    ];
    for (task, pooling) in tasks.iter().zip([Pooling::Cls, Pooling::Mean, Pooling::Cls]) {
        let config = BertConfig { pooling, classifier_dropout: Some(0.25), ..small() };
        let (model, params) = build(&config, task, 1);
        bert::save_hf(dir.path(), &config, task, &params).unwrap();
        assert_eq!(bert::read_config(dir.path()).unwrap(), config);
        assert_eq!(bert::read_task(dir.path()).unwrap().as_ref(), Some(task));
        let (other, others) = build(&config, task, 2);
        let opened = bert::open_pretrained(&others, dir.path()).unwrap();
        assert_eq!((opened.loaded.len(), opened.fresh.len()), (params.len(), 0));
        assert_eq!(logits(&*model, vec![2, 5, 3]).unwrap(), logits(&*other, vec![2, 5, 3]).unwrap());
    }
}

#[test]
fn the_file_says_whose_layout_it_has() {
    let dir = tempfile::tempdir().unwrap();
    let (_, params) = build(&small(), &Task::Regression, 1);
    bert::save_hf(dir.path(), &small(), &Task::Regression, &params).unwrap();
    let bytes = fs::read(dir.path().join("model.safetensors")).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let head: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    assert_eq!(head["__metadata__"]["format"], "pt");
}

#[test]
fn our_parameters_have_the_names_of_transformers() {
    let (_, params) = build(&BertConfig { num_hidden_layers: 2, ..small() }, &Task::Regression, 1);
    let ours: BTreeSet<String> = params.iter().map(|(name, _)| name).collect();
    let theirs = params::open(&fixture().join("model.safetensors"), &Device::Cpu).unwrap();
    assert_eq!(ours, theirs.into_keys().collect());
}

#[test]
fn a_folder_for_other_labels_keeps_its_encoder_and_gets_a_fresh_classifier() {
    let config = bert::read_config(&fixture()).unwrap();
    let labels = bert::read_task(&fixture()).unwrap().unwrap();
    assert_eq!(labels.labels(), ["arts", "economy", "体育"]);
    let params = Params::new(Seed(1), &Device::Cpu);
    let task = Task::single_label(["a", "b"]);
    Catalogue::default().build(&Component::of(&config), &task, 50, &params).unwrap();
    let opened = bert::open_pretrained(&params, &fixture()).unwrap();
    assert_eq!(opened.fresh, ["classifier.bias", "classifier.weight"]);
}

#[test]
fn a_text_that_is_too_long_is_refused_with_advice() {
    let (model, _) = build(&small(), &Task::Regression, 1);
    logits(&*model, vec![1; 6]).unwrap();
    let error = Error::from(logits(&*model, vec![1; 7]).unwrap_err());
    assert_eq!(
        look(&error, Path::new("DIR")),
        "invalid tokens: a text must have at most 6 (max_position_embeddings), got 7 / \
         give the featurizer max_length = 6"
    );
}

#[test]
fn how_each_error_looks() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.json");
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        look(&bert::read_config(dir.path()).unwrap_err(), dir.path())
    };
    assert_eq!(
        read(r#"{"model_type": "roberta"}"#),
        "DIR/config.json: this is no BERT: model_type is \"roberta\" / \
         BERT folders say \"model_type\": \"bert\" in config.json (MiniLM does)"
    );
    assert!(read("{").starts_with("DIR/config.json: not JSON: "), "{}", read("{"));
    assert_eq!(
        read(r#"{"hidden_size": 10, "num_attention_heads": 3}"#),
        "invalid hidden_size: must be a multiple of num_attention_heads (3), got 10 / -"
    );
    assert!(
        read(r#"{"hidden_act": "swish"}"#).contains("unknown variant `swish`"),
        "{}",
        read(r#"{"hidden_act": "swish"}"#)
    );
    fs::remove_file(&path).unwrap();
    let gone = look(&bert::read_config(dir.path()).unwrap_err(), dir.path());
    assert!(gone.starts_with("DIR/config.json: No such file"), "{gone}");

    let (_, params) = build(&small(), &Task::Regression, 1);
    bert::save_hf(dir.path(), &small(), &Task::Regression, &params).unwrap();
    let (_, wider) =
        build(&BertConfig { num_hidden_layers: 2, intermediate_size: 12, ..small() }, &Task::Regression, 1);
    let misfit = look(&bert::open_pretrained(&wider, dir.path()).unwrap_err(), dir.path());
    assert!(
        misfit.starts_with(
            "DIR/model.safetensors: weights do not fit the model: missing bert.encoder.layer.1."
        ),
        "{misfit}"
    );
    assert!(
        misfit.contains("misshaped bert.encoder.layer.0.intermediate.dense.bias: expected [12], got [16]"),
        "{misfit}"
    );
    assert!(misfit.ends_with("build the model from the config.json of the same folder"), "{misfit}");
}
