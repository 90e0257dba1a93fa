//! The door: a document goes in, host-side numbers come out.

use std::fmt::Debug;
use std::path::Path;

use biotope_core::{Component, Document, Features};
use rayon::prelude::*;

use crate::{Error, Result, featurizers, saved};

/// Turns documents into numbers. What it reads is [`Document::full_text`]; what it gives depends on nothing else.
///
/// The result is never empty: a text without a single token gives one that stands for nothing (see each featurizer),
/// so no model sees a sequence of length 0.
pub trait Featurizer: Debug + Send + Sync {
    /// The recipe's line for it, with all options filled in.
    fn component(&self) -> &Component;

    /// Ids or rows lie in `0..vocab_size`: the height of an embedding table.
    fn vocab_size(&self) -> usize;

    /// The numbers of a text.
    fn text_features(&self, text: &str) -> Result<Features>;

    /// Writes what [`open_featurizer`] needs into an existing folder.
    fn save(&self, dir: &Path) -> Result<()>;

    /// The numbers of a document.
    fn features(&self, doc: &Document) -> Result<Features> {
        self.text_features(&doc.full_text())
    }

    /// The numbers of many documents, in their order, on as many threads as the surrounding rayon pool has.
    fn features_all(&self, docs: &[Document]) -> Result<Vec<Features>> {
        docs.par_iter().map(|doc| self.features(doc)).collect()
    }
}

/// Learns what a component needs (vocabulary, document frequencies) from texts: those of the training split only.
///
/// ```
/// use biotope_core::{Component, Document, Features};
/// let texts = ["the cat sat", "the dog"].map(str::to_owned);
/// let words = biotope_text::train_featurizer(&Component::new("word"), &mut texts.into_iter())?;
/// let doc = Document::new("example", "The bird sat.");
/// assert_eq!(words.features(&doc)?, Features::Tokens(vec![2, 1, 4])); // 1: a word it has not learned
/// # Ok::<(), biotope_text::Error>(())
/// ```
pub fn train_featurizer(
    component: &Component,
    texts: &mut dyn Iterator<Item = String>,
) -> Result<Box<dyn Featurizer>> {
    (featurizers().get(&component.name)?.build.train)(&component.options, texts)
}

/// Opens what [`Featurizer::save`] wrote, or a folder that holds nothing but a `tokenizer.json`.
pub fn open_featurizer(dir: &Path) -> Result<Box<dyn Featurizer>> {
    let component = saved::component(dir)?;
    let registry = featurizers();
    let entry = registry.get(&component.name).map_err(|unknown| {
        Error::corrupted(&dir.join(saved::COMPONENT), format!("{unknown}; {}", unknown.hint))
    })?;
    (entry.build.open)(&component.options, dir)
}

/// So many characters per token are looked at, at most.
const CHARACTERS_PER_TOKEN: usize = 64;

/// The beginning of a text that can matter when `max_length` tokens are kept: `64 * max_length` characters, so that a
/// text of any size costs the same. Only a text whose tokens are longer than 64 characters on average (a run of blanks,
/// say) yields fewer tokens for it.
pub(crate) fn head(text: &str, max_length: usize) -> &str {
    let most = max_length.saturating_mul(CHARACTERS_PER_TOKEN);
    if text.len() <= most {
        return text;
    }
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_ends_between_characters() {
        assert_eq!(head("短文", 1), "短文");
        let long = "长".repeat(100);
        assert_eq!(head(&long, 1).chars().count(), 64);
        assert_eq!(head(&long, usize::MAX), long);
    }
}
