//! What `WordPiece`, BPE, Unigram and pretrained tokenizers share: a Hugging Face tokenizer that never pads, truncates
//! at our length, and takes special tokens in a text for text.

mod merges;
mod pieces;

pub(crate) use merges::{Plan, learn_merges};
pub(crate) use pieces::learn_pieces;

use std::path::Path;

use biotope_core::{Component, Features, Invalid};
use serde_json::{Value, json};
use tokenizers::{
    NormalizedString, Normalizer, OffsetReferential, OffsetType, PostProcessor, PreTokenizedString,
    PreTokenizer, Tokenizer, TruncationParams,
};

use crate::featurizer::head;
use crate::words::{self, Seen};
use crate::{Error, Featurizer, Result, saved};

/// Ids 0 to 4 of every tokenizer that is trained here.
pub(crate) const SPECIALS: &[&str] = &["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// What stands for a text without tokens, the first that the vocabulary has.
const FALLBACKS: &[&str] = &["[UNK]", "<unk>", "<|endoftext|>", "[PAD]", "<pad>"];

/// A featurizer over a Hugging Face tokenizer.
///
/// It yields [`Features::Tokens`] with the special tokens that the tokenizer adds (`[CLS] … [SEP]`), at most
/// `max_length` in all. An empty text yields the special tokens alone or, if there are none, the token for the unknown.
#[derive(Debug)]
pub struct Subword {
    tokenizer: Tokenizer,
    component: Component,
    max_length: usize,
    fallback: u32,
    vocab_size: usize,
}

impl Subword {
    /// Takes padding and truncation of its own from a tokenizer and sets ours.
    pub(crate) fn new(mut tokenizer: Tokenizer, component: Component, max_length: usize) -> Result<Self> {
        let added = tokenizer.get_post_processor().map_or(0, |processor| processor.added_tokens(false));
        if max_length <= added {
            let rule = format!("must be above the {added} special tokens that are added");
            return Err(Invalid::new("max_length", rule, max_length).into());
        }
        let truncation = TruncationParams { max_length, ..TruncationParams::default() };
        tokenizer.with_padding(None);
        tokenizer.with_truncation(Some(truncation)).map_err(Error::tokenizer("set the truncation"))?;
        tokenizer.set_encode_special_tokens(true);
        let fallback = FALLBACKS.iter().find_map(|token| tokenizer.token_to_id(token)).unwrap_or(0);
        let vocab_size = tokenizer.get_vocab(true).values().max().map_or(0, |id| *id as usize + 1);
        Ok(Self { tokenizer, component, max_length, fallback, vocab_size })
    }

    /// Opens a `tokenizer.json`.
    pub(crate) fn open(path: &Path, component: Component, max_length: usize) -> Result<Self> {
        let bytes = saved::read(path)?;
        let tokenizer = Tokenizer::from_bytes(bytes).map_err(|error| Error::corrupted(path, error))?;
        let subword = Self::new(tokenizer, component, max_length)?;
        match subword.vocab_size {
            0 => Err(Error::corrupted(path, "its vocabulary is empty")),
            _ => Ok(subword),
        }
    }

    /// The tokenizer of a `tokenizer.json` that was put together here.
    pub(crate) fn of_json(json: &Value, component: Component, max_length: usize) -> Result<Self> {
        Self::new(parse(json)?, component, max_length)
    }

    /// The ids of a text.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self
            .tokenizer
            .encode_fast(head(text, self.max_length), true)
            .map_err(Error::tokenizer("tokenize"))?;
        let ids = encoding.get_ids();
        Ok(if ids.is_empty() { vec![self.fallback] } else { ids.to_vec() })
    }
}

impl Featurizer for Subword {
    fn component(&self) -> &Component {
        &self.component
    }

    fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    fn text_features(&self, text: &str) -> Result<Features> {
        Ok(Features::Tokens(self.tokens(text)?))
    }

    fn save(&self, dir: &Path) -> Result<()> {
        let mut plain = self.tokenizer.clone();
        plain.with_truncation(None).map_err(Error::tokenizer("lift the truncation"))?;
        let json = plain.to_string(true).map_err(Error::tokenizer("write the tokenizer"))?;
        saved::write(&dir.join(saved::TOKENIZER), json.as_bytes())?;
        saved::write_component(dir, &self.component)
    }
}

/// A pipeline before its model is learned: how a text is normalised and cut into words.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    pub(crate) normalizer: Value,
    pub(crate) pre_tokenizer: Value,
    pub(crate) decoder: Value,
    /// Whether `[CLS]` and `[SEP]` are put around a text.
    pub(crate) add_special: bool,
}

impl Pipeline {
    /// The whole `tokenizer.json` with this model.
    pub(crate) fn with_model(&self, model: &Value) -> Value {
        let special = |(id, content): (usize, &&str)| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                   "normalized": false, "special": true})
        };
        json!({
            "version": "1.0", "truncation": null, "padding": null,
            "added_tokens": SPECIALS.iter().enumerate().map(special).collect::<Vec<_>>(),
            "normalizer": self.normalizer, "pre_tokenizer": self.pre_tokenizer, "decoder": self.decoder,
            "post_processor": if self.add_special { template() } else { Value::Null },
            "model": model,
        })
    }

    /// How often each word occurs in the heads of the texts.
    pub(crate) fn count(
        &self,
        texts: &mut dyn Iterator<Item = String>,
        max_length: usize,
    ) -> Result<std::collections::HashMap<String, Seen>> {
        let vocab: serde_json::Map<_, _> =
            SPECIALS.iter().enumerate().map(|(id, token)| ((*token).to_owned(), json!(id))).collect();
        let tokenizer =
            parse(&self.with_model(&json!({"type": "WordLevel", "unk_token": "[UNK]", "vocab": vocab})))?;
        words::count(texts, |text| split(&tokenizer, head(text, max_length)))
    }
}

fn split(tokenizer: &Tokenizer, text: &str) -> Result<Vec<String>> {
    if text.trim().is_empty() {
        return Ok(Vec::new()); // some pipelines make a word of blanks
    }
    let mut text = NormalizedString::from(text);
    if let Some(normalizer) = tokenizer.get_normalizer() {
        normalizer.normalize(&mut text).map_err(Error::tokenizer("normalise"))?;
    }
    let mut text = PreTokenizedString::from(text);
    if let Some(cutter) = tokenizer.get_pre_tokenizer() {
        cutter.pre_tokenize(&mut text).map_err(Error::tokenizer("cut into words"))?;
    }
    let words = text.get_splits(OffsetReferential::Normalized, OffsetType::None);
    Ok(words.into_iter().map(|(word, ..)| word.to_owned()).filter(|word| !word.is_empty()).collect())
}

fn parse(json: &Value) -> Result<Tokenizer> {
    Tokenizer::from_bytes(json.to_string()).map_err(Error::tokenizer("put a tokenizer together"))
}

fn template() -> Value {
    let special = |name: &str, kind: u32| json!({"SpecialToken": {"id": name, "type_id": kind}});
    let sequence = |name: &str, kind: u32| json!({"Sequence": {"id": name, "type_id": kind}});
    let (cls, sep) = ("[CLS]", "[SEP]");
    json!({
        "type": "TemplateProcessing",
        "single": [special(cls, 0), sequence("A", 0), special(sep, 0)],
        "pair": [special(cls, 0), sequence("A", 0), special(sep, 0), sequence("B", 1), special(sep, 1)],
        "special_tokens": {
            cls: {"id": cls, "ids": [2], "tokens": [cls]},
            sep: {"id": sep, "ids": [3], "tokens": [sep]},
        },
    })
}

/// Checks that a vocabulary has room.
pub(crate) fn require_vocab_size(vocab_size: usize, least: usize) -> Result<(), Invalid> {
    if vocab_size >= least {
        return Ok(());
    }
    Err(Invalid::new("vocab_size", format!("must be at least {least}"), vocab_size))
}

/// Checks that at least one token is kept.
pub(crate) fn require_max_length(max_length: usize) -> Result<(), Invalid> {
    if max_length > 0 { Ok(()) } else { Err(Invalid::new("max_length", "must be positive", max_length)) }
}
