//! Whole words by frequency, as in Keras' `Tokenizer`; each Han character is a word, so Chinese needs no spaces.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

use biotope_core::{Component, Config, Features, Invalid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;

use super::FeaturizerConfig;
use crate::featurizer::head;
use crate::han::is_han;
use crate::subword::{require_max_length, require_vocab_size};
use crate::{Error, Featurizer, Result, saved, words};

const PADDING: &str = "[PAD]";
const OOV: &str = "[OOV]";

/// Options of a vocabulary of whole words.
///
/// Id 0 is kept for padding (nothing here pads), 1 stands for every unknown word, and from 2 on stand the words of the
/// training texts by falling frequency, of equally frequent ones the first seen first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Word {
    /// Ids lie below it (Keras: `num_words`): the `vocab_size - 2` most frequent words have one.
    pub vocab_size: usize,
    /// Most words of a text.
    pub max_length: usize,
    /// Whether letters lose their case.
    pub lowercase: bool,
    /// Characters that separate words like a blank does.
    pub filters: String,
    /// Whether each two neighbouring Han characters are a word as well, after the first of them.
    pub han_bigrams: bool,
}

impl Default for Word {
    fn default() -> Self {
        Self {
            vocab_size: 20_000,
            max_length: 512,
            lowercase: true,
            filters: "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~，。！？；：、（）《》〈〉【】「」『』“”…—·"
                .to_owned(),
            han_bigrams: false,
        }
    }
}

impl Config for Word {
    const NAME: &'static str = "word";
    const SUMMARY: &'static str =
        "whole words by frequency with one id for the unknown; Han characters stand alone";

    fn check(&self) -> Result<(), Invalid> {
        require_vocab_size(self.vocab_size, 3)?;
        require_max_length(self.max_length)
    }
}

impl FeaturizerConfig for Word {
    type Featurizer = Words;

    fn train(self, texts: &mut dyn Iterator<Item = String>) -> Result<Words> {
        let seen = words::count(texts, |text| Ok(self.split(head(text, self.max_length))))?;
        let known = words::by_frequency(seen).into_iter().map(|(word, _)| word);
        let vocab = [PADDING, OOV].map(str::to_owned).into_iter().chain(known).take(self.vocab_size);
        Ok(Words::new(self, vocab.zip(0..).collect()))
    }

    fn open(self, dir: &Path) -> Result<Words> {
        let path = dir.join(self.file());
        let text = saved::read_text(&path)?;
        let json: Value = serde_json::from_str(&text).map_err(|error| Error::corrupted(&path, error))?;
        let vocab = json.pointer("/model/vocab").cloned().unwrap_or(json);
        let vocab: HashMap<String, u32> =
            serde_json::from_value(vocab).map_err(|error| Error::corrupted(&path, error))?;
        let mut ids: Vec<u32> = vocab.values().copied().collect();
        ids.sort_unstable();
        let whole = ids.iter().copied().eq(0..ids.len() as u32) && vocab.get(OOV) == Some(&1);
        if !whole || ids.len() > self.vocab_size {
            return Err(Error::corrupted(
                &path,
                "its words are not numbered from 0 without gaps, [OOV] being 1",
            ));
        }
        Ok(Words::new(self, vocab))
    }
}

impl Word {
    /// With bigrams no pipeline of Hugging Face's cuts alike, so the vocabulary stands alone.
    fn file(&self) -> &'static str {
        if self.han_bigrams { "vocab.json" } else { saved::TOKENIZER }
    }

    fn split(&self, text: &str) -> Vec<String> {
        let (mut words, mut word, mut last) = (Vec::new(), String::new(), None);
        for c in text.nfc() {
            let (han, apart) = (is_han(c), c.is_whitespace() || self.filters.contains(c));
            if (han || apart) && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            if han {
                words.push(c.to_string());
                let pair = last.filter(|_| self.han_bigrams).map(|last| String::from_iter([last, c]));
                words.extend(pair);
            } else if !apart && self.lowercase {
                word.extend(c.to_lowercase());
            } else if !apart {
                word.push(c);
            }
            last = han.then_some(c);
        }
        words.extend(Some(word).filter(|word| !word.is_empty()));
        words
    }

    /// The same cut as a pipeline of Hugging Face's.
    fn pipeline(&self, vocab: &Value) -> Value {
        let mut separators = String::from("[\\s");
        for c in self.filters.chars() {
            write!(separators, "\\x{{{:04X}}}", c as u32).expect("a string takes whatever is written");
        }
        separators.push_str("]+");
        let special = |id: u32, content: &str| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                   "normalized": false, "special": true})
        };
        json!({
            "version": "1.0", "truncation": null, "padding": null,
            "added_tokens": [special(0, PADDING), special(1, OOV)],
            "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "NFC"},
                {"type": "BertNormalizer", "clean_text": false, "handle_chinese_chars": true,
                 "strip_accents": false, "lowercase": self.lowercase}]},
            "pre_tokenizer": {"type": "Split", "pattern": {"Regex": separators}, "behavior": "Removed", "invert": false},
            "post_processor": null, "decoder": null,
            "model": {"type": "WordLevel", "vocab": vocab, "unk_token": OOV},
        })
    }
}

/// The featurizer of [`Word`]. A text without words yields the unknown word alone.
#[derive(Clone, Debug)]
pub struct Words {
    config: Word,
    component: Component,
    vocab: HashMap<String, u32>,
}

impl Words {
    fn new(config: Word, vocab: HashMap<String, u32>) -> Self {
        Self { component: Component::of(&config), config, vocab }
    }
}

impl Featurizer for Words {
    fn component(&self) -> &Component {
        &self.component
    }

    fn vocab_size(&self) -> usize {
        self.vocab.len()
    }

    fn text_features(&self, text: &str) -> Result<Features> {
        let words = self.config.split(head(text, self.config.max_length));
        let ids = words.iter().map(|word| self.vocab.get(word).copied().unwrap_or(1));
        let mut tokens: Vec<u32> = ids.take(self.config.max_length).collect();
        if tokens.is_empty() {
            tokens.push(1);
        }
        Ok(Features::Tokens(tokens))
    }

    fn save(&self, dir: &Path) -> Result<()> {
        let mut words: Vec<(&String, &u32)> = self.vocab.iter().collect();
        words.sort_unstable_by_key(|(_, id)| **id);
        let vocab = Value::Object(words.into_iter().map(|(word, id)| (word.clone(), json!(id))).collect());
        let json = if self.config.han_bigrams { vocab } else { self.config.pipeline(&vocab) };
        saved::write(&dir.join(self.config.file()), format!("{json:#}\n").as_bytes())?;
        saved::write_component(dir, &self.component)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_han_characters_and_pairs() {
        let split = |han_bigrams, text| Word { han_bigrams, ..Word::default() }.split(text).join(" ");
        assert_eq!(split(false, "It's GPT-4, 你好，世界!"), "it's gpt 4 你 好 世 界");
        assert_eq!(split(true, "新iPhone发布会，好"), "新 iphone 发 布 发布 会 布会 好");
        assert_eq!(split(true, " \t"), "");
    }

    #[test]
    fn an_accent_is_the_same_in_one_character_and_in_two() {
        assert_eq!(Word::default().split("Cafe\u{301}"), ["café"]);
    }
}
