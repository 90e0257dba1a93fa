//! Unigram language model pieces (Kudo 2018): the likeliest way to cut a text, spaces kept as `▁`.

use std::path::Path;

use biotope_core::{Component, Config, Invalid};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::FeaturizerConfig;
use crate::subword::{Pipeline, Subword, learn_pieces, require_max_length, require_vocab_size};
use crate::{Result, saved, words};

/// Options of a Unigram tokenizer that is trained here. Ids 0 to 4 are `[PAD] [UNK] [CLS] [SEP] [MASK]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Unigram {
    /// Most tokens in the vocabulary.
    pub vocab_size: usize,
    /// Most tokens of a text, `[CLS]` and `[SEP]` included.
    pub max_length: usize,
    /// Whether letters lose their case.
    pub lowercase: bool,
    /// Whether `[CLS]` and `[SEP]` are put around a text.
    pub add_special: bool,
}

impl Default for Unigram {
    fn default() -> Self {
        Self { vocab_size: 16_000, max_length: 256, lowercase: true, add_special: true }
    }
}

impl Config for Unigram {
    const NAME: &'static str = "unigram";
    const SUMMARY: &'static str = "sub-word pieces of a unigram language model, trained on the corpus";

    fn check(&self) -> Result<(), Invalid> {
        require_vocab_size(self.vocab_size, 32)?;
        if u32::try_from(self.vocab_size).is_err() {
            return Err(Invalid::new("vocab_size", "must fit 32 bits", self.vocab_size));
        }
        require_max_length(self.max_length)
    }
}

impl FeaturizerConfig for Unigram {
    type Featurizer = Subword;

    fn train(self, texts: &mut dyn Iterator<Item = String>) -> Result<Subword> {
        let pipeline = self.pipeline();
        let words = words::by_bytes(pipeline.count(texts, self.max_length)?);
        let pieces = learn_pieces(&words, self.vocab_size)?;
        let model = json!({"type": "Unigram", "unk_id": 1, "vocab": pieces, "byte_fallback": false});
        Subword::of_json(&pipeline.with_model(&model), Component::of(&self), self.max_length)
    }

    fn open(self, dir: &Path) -> Result<Subword> {
        Subword::open(&dir.join(saved::TOKENIZER), Component::of(&self), self.max_length)
    }
}

impl Unigram {
    fn pipeline(&self) -> Pipeline {
        let mut normalizers = vec![json!({"type": "NFKC"})];
        if self.lowercase {
            normalizers.push(json!({"type": "Lowercase"}));
        }
        let space =
            json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true});
        let punctuation = json!({"type": "Punctuation", "behavior": "Isolated"});
        Pipeline {
            normalizer: json!({"type": "Sequence", "normalizers": normalizers}),
            pre_tokenizer: json!({"type": "Sequence",
                                  "pretokenizers": [{"type": "WhitespaceSplit"}, space.clone(), punctuation]}),
            decoder: space,
            add_special: self.add_special,
        }
    }
}
