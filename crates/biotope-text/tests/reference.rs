//! Ids and weights against those of Python's `tokenizers`, Keras' algorithm and scikit-learn.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use biotope_core::{Component, Features};
use biotope_text::{Featurizer, train_featurizer};
use serde::Deserialize;

fn folder(case: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/reference/biotope-text").join(case)
}

fn expected<T: for<'de> Deserialize<'de>>(case: &str) -> T {
    let text = std::fs::read_to_string(folder(case).join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn train(component: &Component, texts: &[String]) -> Box<dyn Featurizer> {
    train_featurizer(component, &mut texts.iter().cloned()).unwrap()
}

fn tokens(featurizer: &dyn Featurizer, text: &str) -> Vec<u32> {
    match featurizer.text_features(text).unwrap() {
        Features::Tokens(tokens) => tokens,
        bag @ Features::Bag { .. } => panic!("expected tokens, got {bag:?}"),
    }
}

#[derive(Deserialize)]
struct Tokenizers {
    corpus: Vec<String>,
    sentences: Vec<String>,
    max_length: i64,
    ids: BTreeMap<String, Vec<Vec<u32>>>,
    trained_bpe: Trained,
}

#[derive(Deserialize)]
struct Trained {
    vocab: Vec<String>,
    merges: Vec<(String, String)>,
}

#[test]
fn tokenizers_of_python_give_the_same_ids_without_their_padding_and_at_our_length() {
    let expected: Tokenizers = expected("tokenizers");
    assert_eq!(expected.ids.len(), 3);
    for (kind, ids) in &expected.ids {
        let path = folder("tokenizers").join(format!("{kind}.json"));
        let component = Component::new("pretrained")
            .with("path", path.to_str().unwrap())
            .with("max_length", expected.max_length);
        let featurizer = train(&component, &[]);
        for (text, ids) in expected.sentences.iter().zip(ids) {
            assert_eq!(&tokens(featurizer.as_ref(), text), ids, "{kind}: {text:?}");
        }
    }
}

#[test]
fn merges_are_those_of_the_tokenizers_library() {
    let expected: Tokenizers = expected("tokenizers");
    let featurizer = train(&Component::new("bpe").with("vocab_size", 400), &expected.corpus);
    let folder = tempfile::tempdir().unwrap();
    featurizer.save(folder.path()).unwrap();
    let json = std::fs::read_to_string(folder.path().join("tokenizer.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let merges: Vec<(String, String)> = serde_json::from_value(json["model"]["merges"].clone()).unwrap();
    assert_eq!(merges, expected.trained_bpe.merges);
    let vocab: BTreeMap<String, usize> = serde_json::from_value(json["model"]["vocab"].clone()).unwrap();
    for (id, token) in expected.trained_bpe.vocab.iter().enumerate() {
        assert_eq!(vocab[token], id, "{token:?}");
    }
}

#[derive(Deserialize)]
struct Keras {
    filters: String,
    texts: Vec<String>,
    unseen: Vec<String>,
    index: BTreeMap<String, u32>,
    sequences: BTreeMap<usize, Vec<Vec<u32>>>,
}

#[test]
fn words_are_numbered_as_by_keras() {
    let expected: Keras = expected("keras_words");
    for (num_words, sequences) in &expected.sequences {
        let component = Component::new("word")
            .with("vocab_size", *num_words as i64)
            .with("filters", expected.filters.as_str());
        let featurizer = train(&component, &expected.texts);
        assert_eq!(featurizer.vocab_size(), (*num_words).min(expected.index.len() + 1));
        for (text, ids) in expected.texts.iter().chain(&expected.unseen).zip(sequences) {
            let ids = if ids.is_empty() { &vec![1] } else { ids };
            assert_eq!(&tokens(featurizer.as_ref(), text), ids, "{num_words}: {text:?}");
        }
    }
}

#[derive(Deserialize)]
struct Tfidf {
    train: Vec<String>,
    test: Vec<String>,
    cases: Vec<TfidfCase>,
}

#[derive(Deserialize)]
struct TfidfCase {
    words: i64,
    sublinear: bool,
    min_df: i64,
    normalize: bool,
    vocabulary: usize,
    weights: Vec<Vec<f64>>,
}

#[test]
fn weights_are_those_of_scikit_learn() {
    let expected: Tfidf = expected("tfidf");
    for case in &expected.cases {
        let component = Component::new("ngrams")
            .with("words", case.words)
            .with("sublinear", case.sublinear)
            .with("min_df", case.min_df)
            .with("normalize", case.normalize)
            .with("weighting", "tfidf")
            .with("bits", 26);
        let featurizer = train(&component, &expected.train);
        assert_eq!(featurizer.vocab_size(), case.vocabulary);
        for (text, expected) in expected.test.iter().zip(&case.weights) {
            let Features::Bag { mut weights, .. } = featurizer.text_features(text).unwrap() else {
                panic!("expected a bag")
            };
            weights.sort_unstable_by(f32::total_cmp);
            assert_eq!(weights.len(), expected.len());
            for (ours, theirs) in weights.iter().zip(expected) {
                assert!((f64::from(*ours) - theirs).abs() < 1e-6, "{text:?}: {ours} {theirs}");
            }
        }
    }
}
