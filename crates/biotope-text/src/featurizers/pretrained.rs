//! A `tokenizer.json` of somebody else's, with padding and truncation of our own.

use std::path::{Path, PathBuf};

use biotope_core::{Component, Config, Invalid};
use serde::{Deserialize, Serialize};

use super::FeaturizerConfig;
use crate::subword::{Subword, require_max_length};
use crate::{Result, saved};

/// Options of an opened tokenizer. Nothing is learned; the padding and truncation that the file asks for are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pretrained {
    /// A `tokenizer.json`, or a folder that holds one.
    pub path: PathBuf,
    /// Most tokens of a text, special tokens included.
    pub max_length: usize,
}

impl Default for Pretrained {
    fn default() -> Self {
        Self { path: PathBuf::from(saved::TOKENIZER), max_length: 256 }
    }
}

impl Config for Pretrained {
    const NAME: &'static str = "pretrained";
    const SUMMARY: &'static str = "a tokenizer.json in Hugging Face's layout, opened as it is";

    fn check(&self) -> Result<(), Invalid> {
        require_max_length(self.max_length)
    }
}

impl FeaturizerConfig for Pretrained {
    type Featurizer = Subword;

    fn train(self, _: &mut dyn Iterator<Item = String>) -> Result<Subword> {
        let path = if self.path.is_dir() { self.path.join(saved::TOKENIZER) } else { self.path.clone() };
        self.at(&path)
    }

    fn open(self, dir: &Path) -> Result<Subword> {
        self.at(&dir.join(saved::TOKENIZER))
    }
}

impl Pretrained {
    /// The component that is saved says where the file is then: beside it.
    fn at(self, path: &Path) -> Result<Subword> {
        let component = Component::of(&Self { path: PathBuf::from(saved::TOKENIZER), ..self.clone() });
        Subword::open(path, component, self.max_length)
    }
}
