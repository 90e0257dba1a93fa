//! Byte-pair encoding over bytes (Radford et al. 2019): nothing is unknown, in any script.

use std::path::Path;

use biotope_core::{Component, Config, Invalid};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

use super::FeaturizerConfig;
use crate::subword::{
    Pipeline, Plan, SPECIALS, Subword, learn_merges, require_max_length, require_vocab_size,
};
use crate::{Result, saved, words};

/// Options of a byte-level BPE tokenizer that is trained here. Ids 0 to 4 are `[PAD] [UNK] [CLS] [SEP] [MASK]`, the
/// next 256 the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bpe {
    /// Most tokens in the vocabulary.
    pub vocab_size: usize,
    /// Most tokens of a text, `[CLS]` and `[SEP]` included.
    pub max_length: usize,
    /// Whether letters lose their case.
    pub lowercase: bool,
    /// Whether `[CLS]` and `[SEP]` are put around a text.
    pub add_special: bool,
    /// A pair of pieces that occurs less often is not joined.
    pub min_frequency: u64,
}

impl Default for Bpe {
    fn default() -> Self {
        Self { vocab_size: 20_000, max_length: 256, lowercase: true, add_special: true, min_frequency: 2 }
    }
}

impl Config for Bpe {
    const NAME: &'static str = "bpe";
    const SUMMARY: &'static str = "byte-pair encoding over bytes, trained on the corpus; nothing is unknown";

    fn check(&self) -> Result<(), Invalid> {
        require_vocab_size(self.vocab_size, SPECIALS.len() + 256)?;
        require_max_length(self.max_length)
    }
}

impl FeaturizerConfig for Bpe {
    type Featurizer = Subword;

    fn train(self, texts: &mut dyn Iterator<Item = String>) -> Result<Subword> {
        let pipeline = self.pipeline();
        let words = words::by_bytes(pipeline.count(texts, self.max_length)?);
        let alphabet: Vec<char> = ByteLevel::alphabet().into_iter().collect();
        let (vocab_size, min_frequency) = (self.vocab_size, self.min_frequency);
        let plan = Plan { specials: SPECIALS, alphabet: &alphabet, prefix: "", vocab_size, min_frequency };
        let merged = learn_merges(&words, plan);
        let vocab: serde_json::Map<_, _> =
            merged.tokens.into_iter().zip(0..).map(|(t, id)| (t, json!(id))).collect();
        let model = json!({"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                           "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
                           "ignore_merges": false, "vocab": vocab, "merges": merged.merges});
        Subword::of_json(&pipeline.with_model(&model), Component::of(&self), self.max_length)
    }

    fn open(self, dir: &Path) -> Result<Subword> {
        Subword::open(&dir.join(saved::TOKENIZER), Component::of(&self), self.max_length)
    }
}

impl Bpe {
    fn pipeline(&self) -> Pipeline {
        let mut normalizers = vec![json!({"type": "NFC"})];
        if self.lowercase {
            normalizers.push(json!({"type": "Lowercase"}));
        }
        let bytes =
            json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true});
        Pipeline {
            normalizer: json!({"type": "Sequence", "normalizers": normalizers}),
            pre_tokenizer: bytes.clone(),
            decoder: bytes,
            add_special: self.add_special,
        }
    }
}
