//! How each error looks.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::path::Path;

use biotope_core::Component;
use biotope_text::{Error, open_featurizer, train_featurizer};

fn refused(component: &Component, texts: &[&str]) -> Error {
    train_featurizer(component, &mut texts.iter().map(ToString::to_string)).unwrap_err()
}

fn look(component: &Component, texts: &[&str]) -> String {
    refused(component, texts).to_string()
}

/// A message without the folder's name.
fn told(error: &Error, folder: &Path) -> String {
    error.to_string().replace(&format!("{}/", folder.display()), "")
}

#[test]
fn wrong_options() {
    let new = Component::new;
    let texts = &["a b"];
    assert_eq!(look(&new("wordpeice"), texts), "unknown featurizer \"wordpeice\"");
    assert_eq!(refused(&new("wordpeice"), texts).hint().unwrap(), "did you mean \"wordpiece\"?");
    let error = refused(&new("word").with("vocabsize", 5), texts);
    assert_eq!(error.to_string(), "invalid vocabsize: is not a known key, got \"vocabsize\"");
    assert_eq!(error.hint().unwrap(), "did you mean \"vocab_size\"?");
    for (name, least) in [("bpe", 261), ("unigram", 32), ("word", 3), ("wordpiece", 32)] {
        let message = format!("invalid vocab_size: must be at least {least}, got 0");
        assert_eq!(look(&new(name).with("vocab_size", 0), texts), message);
    }
    for name in ["bpe", "ngrams", "pretrained", "unigram", "word", "wordpiece"] {
        let message = "invalid max_length: must be positive, got 0";
        assert_eq!(look(&new(name).with("max_length", 0), texts), message);
    }
    let message = "invalid max_length: must be above the 2 special tokens that are added, got 2";
    assert_eq!(look(&new("wordpiece").with("max_length", 2), texts), message);
    let ngrams = |key, value: i64| look(&new("ngrams").with(key, value), texts);
    assert_eq!(ngrams("words", 0), "invalid words: must be in 1..=5, got 0");
    assert_eq!(ngrams("bits", 40), "invalid bits: must be in 8..=26, got 40");
    assert_eq!(ngrams("char_max", 4), "invalid char_min: must be in 1..=4, got 0");
    assert!(look(&new("ngrams").with("weighting", "bm25"), texts).contains("expected one of"));
}

#[test]
fn nothing_to_learn_from() {
    for name in ["bpe", "ngrams", "unigram", "word", "wordpiece"] {
        let error = refused(&Component::new(name), &[]);
        assert_eq!(error.to_string(), "nothing to learn a vocabulary from: there is no text", "{name}");
        assert!(error.hint().unwrap().contains("training split"));
    }
    for name in ["bpe", "unigram", "word", "wordpiece"] {
        let message = "nothing to learn a vocabulary from: none of 2 texts has a word";
        assert_eq!(look(&Component::new(name), &["", " "]), message, "{name}");
    }
    let message = "nothing to learn a vocabulary from: no n-gram occurs in min_df = 2 of 1 texts";
    assert_eq!(look(&Component::new("ngrams"), &["once"]), message);
}

#[test]
fn missing_files() {
    let folder = tempfile::tempdir().unwrap();
    let error = open_featurizer(folder.path()).unwrap_err();
    assert_eq!(told(&error, folder.path()), "read featurizer.toml");
    assert!(error.hint().unwrap().contains("tokenizer.json"));
    let path = folder.path().join("none.json");
    let error = refused(&Component::new("pretrained").with("path", path.to_str().unwrap()), &[]);
    assert_eq!(told(&error, folder.path()), "read none.json");
    let featurizer = train_featurizer(&Component::new("word"), &mut ["a".to_owned()].into_iter()).unwrap();
    let error = featurizer.save(&folder.path().join("nowhere")).unwrap_err();
    assert_eq!(told(&error, folder.path()), "write nowhere/tokenizer.json");
}

#[test]
fn corrupted_files() {
    let folder = tempfile::tempdir().unwrap();
    let told_of = |files: &[(&str, &[u8])]| {
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let error = open_featurizer(folder.path()).unwrap_err();
        assert_eq!(error.hint().unwrap(), "fetch or train it anew", "{error}");
        told(&error, folder.path())
    };
    let message = told_of(&[("tokenizer.json", b"{\"version\": \"1.0\"")]);
    assert!(message.starts_with("tokenizer.json is not usable: "), "{message}");
    let message = told_of(&[("tokenizer.json", b"\xFF\xFE")]);
    assert!(message.starts_with("tokenizer.json is not usable: "), "{message}");
    let message = told_of(&[("featurizer.toml", b"use = ")]);
    assert!(message.starts_with("featurizer.toml is not usable: "), "{message}");
    let message = told_of(&[("featurizer.toml", b"use = \"wrod\"")]);
    let expected = "featurizer.toml is not usable: unknown featurizer \"wrod\"; did you mean \"word\"?";
    assert_eq!(message, expected);
    let gap = b"{\"model\": {\"vocab\": {\"[PAD]\": 0, \"[OOV]\": 1, \"a\": 3}}}";
    let message = told_of(&[("featurizer.toml", b"use = \"word\""), ("tokenizer.json", gap)]);
    let expected =
        "tokenizer.json is not usable: its words are not numbered from 0 without gaps, [OOV] being 1";
    assert_eq!(message, expected);
    let files: &[(&str, &[u8])] =
        &[("featurizer.toml", b"use = \"ngrams\""), ("ngrams.bin", b"BIOGRAM1xxxxxxxx")];
    assert_eq!(told_of(files), "ngrams.bin is not usable: its check sum does not agree");
    let files: &[(&str, &[u8])] = &[("ngrams.bin", b"other")];
    assert_eq!(told_of(files), "ngrams.bin is not usable: it is cut short");
}

#[test]
fn a_table_of_other_options_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let texts = ["a b c", "a b d", "a c d"].map(str::to_owned);
    let ngrams = train_featurizer(&Component::new("ngrams"), &mut texts.into_iter()).unwrap();
    ngrams.save(folder.path()).unwrap();
    std::fs::write(folder.path().join("featurizer.toml"), "use = \"ngrams\"\nbits = 8").unwrap();
    let error = open_featurizer(folder.path()).unwrap_err();
    assert_eq!(told(&error, folder.path()), "ngrams.bin is not usable: it does not fit its options");
}
