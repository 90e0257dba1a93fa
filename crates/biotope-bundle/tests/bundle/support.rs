//! Small bundles, made in a moment: weights as they were drawn, not trained.

use std::path::{Path, PathBuf};

use biotope_bundle::{Bundle, Card, Lineage, Parts, Signature, registry};
use biotope_core::{Component, Prediction, RecordId, Seed, Table, Target, Task};
use biotope_eval::{EvalConfig, Evaluation, evaluate};
use biotope_models::Catalogue;
use biotope_nn::{Model, Params};
use biotope_text::{Featurizer, train_featurizer};
use candle_core::Device;
use tempfile::TempDir;

pub(crate) const TEXTS: [&str; 4] = [
    "Wheat exports rise as the harvest comes in",
    "Oil ministers agree to cut the output of crude",
    "小麦出口增加,价格上涨",
    "石油部长同意减产原油",
];

/// Everything that a bundle is made from.
pub(crate) struct Made {
    pub(crate) store: TempDir,
    pub(crate) task: Task,
    pub(crate) component: Component,
    pub(crate) params: Params,
    pub(crate) model: Box<dyn Model>,
    pub(crate) featurizer: Box<dyn Featurizer>,
    pub(crate) steps: Vec<Component>,
    pub(crate) serve: Table,
}

/// Every architecture with a featurizer that suits it, small.
pub(crate) fn zoo() -> Vec<(Component, Component)> {
    let bert = Component::new("bert")
        .with("hidden_size", 16)
        .with("num_hidden_layers", 2)
        .with("num_attention_heads", 2)
        .with("intermediate_size", 32)
        .with("max_position_embeddings", 64);
    let pieces = Component::new("wordpiece").with("vocab_size", 200).with("max_length", 32);
    vec![
        (Component::new("ngram-linear"), Component::new("ngrams")),
        (Component::new("text-cnn"), Component::new("word")),
        (Component::new("lstm"), Component::new("word")),
        (bert, pieces),
    ]
}

impl Made {
    pub(crate) fn new(component: Component, text: &Component) -> Self {
        let task = Task::single_label(["crude", "grain", "贸易"]);
        let featurizer = train_featurizer(text, &mut TEXTS.map(str::to_owned).into_iter()).unwrap();
        let params = Params::new(Seed(7), &Device::Cpu);
        let model = Catalogue::default().build(&component, &task, featurizer.vocab_size(), &params).unwrap();
        let steps =
            vec![Component::new("normalize-text"), Component::new("limit-length").with("min_chars", 5)];
        let (store, serve) = (TempDir::new().unwrap(), Table::new());
        Self { store, task, component, params, model, featurizer, steps, serve }
    }

    pub(crate) fn linear() -> Self {
        let (model, text) = zoo().remove(0);
        Self::new(model, &text)
    }

    pub(crate) fn folder(&self, version: &str) -> PathBuf {
        registry::folder(self.store.path(), "news", version).unwrap()
    }

    pub(crate) fn save(&self, version: &str) -> biotope_bundle::Result<Signature> {
        self.save_in(&self.folder(version), version)
    }

    pub(crate) fn save_in(&self, dir: &Path, version: &str) -> biotope_bundle::Result<Signature> {
        let (evaluation, lineage, card) = (self.evaluation(), lineage(), card());
        let parts = Parts {
            name: "news",
            version,
            task: &self.task,
            model: &self.component,
            params: &self.params,
            featurizer: self.featurizer.as_ref(),
            steps: &self.steps,
            serve: &self.serve,
            evaluation: Some(&evaluation),
            lineage: &lineage,
            training_ids: &ids(),
            card: &card,
            catalogue: &Catalogue::default(),
        };
        Bundle::save(dir, &parts)
    }

    pub(crate) fn evaluation(&self) -> Evaluation {
        let rows: Vec<Prediction> = (0..30)
            .map(|row| Prediction { id: RecordId::of(&[&[row]]), scores: vec![0.2, 0.5, 0.3] })
            .collect();
        let targets: Vec<Target> =
            (0..30).map(|row| Target::Class(if row < 24 { 1 } else { row % 2 })).collect();
        let config = EvalConfig { resamples: 50, ..EvalConfig::default() };
        evaluate(&self.task, &rows, &targets, &config).unwrap()
    }
}

/// Out of order and one of them twice.
pub(crate) fn ids() -> Vec<RecordId> {
    let mut ids: Vec<RecordId> = TEXTS.iter().map(|text| RecordId::of(&[text.as_bytes()])).collect();
    ids.push(ids[0]);
    ids
}

fn lineage() -> Lineage {
    Lineage {
        recipe: "r-digest".into(),
        dataset: "news-2024".into(),
        dataset_version: 3,
        dataset_digest: "d-digest".into(),
        run: "news-linear-1a2b".into(),
        seed: 7,
        splits: vec!["train".into(), "valid".into()],
        code: "0.1.0".into(),
        ..Lineage::default()
    }
}

fn card() -> Card {
    let dropped = vec![("limit-length: too short".to_owned(), 12)];
    Card {
        license: "cc-by-4.0".into(),
        languages: vec!["en".into(), "zh".into()],
        dropped,
        ..Card::default()
    }
}
