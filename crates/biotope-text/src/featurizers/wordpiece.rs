//! `WordPiece` (Wu et al. 2016) as BERT uses it: words and punctuation, each Han character alone, then the longest known
//! pieces from the left.

use std::path::Path;

use biotope_core::{Component, Config, Invalid};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::FeaturizerConfig;
use crate::subword::{
    Pipeline, Plan, SPECIALS, Subword, learn_merges, require_max_length, require_vocab_size,
};
use crate::{Result, saved, words};

/// Options of a `WordPiece` tokenizer that is trained here. Ids 0 to 4 are `[PAD] [UNK] [CLS] [SEP] [MASK]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WordPiece {
    /// Most tokens in the vocabulary.
    pub vocab_size: usize,
    /// Most tokens of a text, `[CLS]` and `[SEP]` included.
    pub max_length: usize,
    /// Whether letters lose case and accents.
    pub lowercase: bool,
    /// Whether `[CLS]` and `[SEP]` are put around a text.
    pub add_special: bool,
    /// A pair of pieces that occurs less often is not joined.
    pub min_frequency: u64,
}

impl Default for WordPiece {
    fn default() -> Self {
        Self { vocab_size: 20_000, max_length: 256, lowercase: true, add_special: true, min_frequency: 2 }
    }
}

impl Config for WordPiece {
    const NAME: &'static str = "wordpiece";
    const SUMMARY: &'static str =
        "sub-word pieces as in BERT, trained on the corpus; Han characters stand alone";

    fn check(&self) -> Result<(), Invalid> {
        require_vocab_size(self.vocab_size, 32)?;
        require_max_length(self.max_length)
    }
}

impl FeaturizerConfig for WordPiece {
    type Featurizer = Subword;

    fn train(self, texts: &mut dyn Iterator<Item = String>) -> Result<Subword> {
        let pipeline = self.pipeline();
        let words = words::by_bytes(pipeline.count(texts, self.max_length)?);
        let (vocab_size, min_frequency) = (self.vocab_size, self.min_frequency);
        let plan = Plan { specials: SPECIALS, alphabet: &[], prefix: "##", vocab_size, min_frequency };
        let vocab: serde_json::Map<_, _> =
            learn_merges(&words, plan).tokens.into_iter().zip(0..).map(|(t, id)| (t, json!(id))).collect();
        let model = json!({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                           "max_input_chars_per_word": 100, "vocab": vocab});
        Subword::of_json(&pipeline.with_model(&model), Component::of(&self), self.max_length)
    }

    fn open(self, dir: &Path) -> Result<Subword> {
        Subword::open(&dir.join(saved::TOKENIZER), Component::of(&self), self.max_length)
    }
}

impl WordPiece {
    fn pipeline(&self) -> Pipeline {
        Pipeline {
            normalizer: json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                               "strip_accents": null, "lowercase": self.lowercase}),
            pre_tokenizer: json!({"type": "BertPreTokenizer"}),
            decoder: json!({"type": "WordPiece", "prefix": "##", "cleanup": true}),
            add_special: self.add_special,
        }
    }
}
