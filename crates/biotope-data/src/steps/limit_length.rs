//! Neither too short to mean anything nor too long to be read.

use biotope_core::{Config, Document, Invalid};
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use crate::step::{Reason, Step, Verdict};

/// What to do with a text that is too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// Cut it.
    #[default]
    Truncate,
    /// Drop the document.
    Drop,
}

/// Limits in characters and in words; 0 is no limit. A Chinese character counts as a word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitLength {
    /// Fewest characters.
    pub min_chars: usize,
    /// Most characters.
    pub max_chars: usize,
    /// Fewest words.
    pub min_words: usize,
    /// Most words.
    pub max_words: usize,
    /// What to do with a text that is too long.
    pub over: Over,
}

impl Default for LimitLength {
    fn default() -> Self {
        Self { min_chars: 1, max_chars: 100_000, min_words: 0, max_words: 0, over: Over::Truncate }
    }
}

impl Config for LimitLength {
    const NAME: &'static str = "limit-length";
    const SUMMARY: &'static str = "fewest and most characters and words";

    fn check(&self) -> Result<(), Invalid> {
        for (field, min, max) in
            [("max_chars", self.min_chars, self.max_chars), ("max_words", self.min_words, self.max_words)]
        {
            if max != 0 && max < min {
                return Err(Invalid::new(field, format!("must be at least {min}, the fewest"), max));
            }
        }
        Ok(())
    }
}

/// Words of spaced languages, and characters of Chinese.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.unicode_word_indices()
}

impl LimitLength {
    /// Why a text is too short, if it is.
    fn short(&self, text: &str) -> Option<String> {
        let chars = text.chars().take(self.min_chars).count();
        if chars < self.min_chars {
            return Some(format!("{chars} characters, at least {} are needed", self.min_chars));
        }
        let count = words(text).take(self.min_words).count();
        (count < self.min_words).then(|| format!("{count} words, at least {} are needed", self.min_words))
    }

    /// Where a text must be cut, if it is too long: never inside of what is seen as one character.
    fn cut(&self, text: &str) -> Option<usize> {
        let by_words = (self.max_words > 0).then(|| words(text).nth(self.max_words)).flatten();
        let by_words =
            by_words.and_then(|_| words(text).nth(self.max_words - 1)).map(|(at, word)| at + word.len());
        let by_chars = (self.max_chars > 0).then(|| text.char_indices().nth(self.max_chars)).flatten();
        let limit = match (by_words, by_chars.map(|(at, _)| at)) {
            (Some(words), Some(chars)) => words.min(chars),
            (words, chars) => words.or(chars)?,
        };
        text.grapheme_indices(true).map(|(at, _)| at).take_while(|at| *at <= limit).last()
    }
}

impl Step for LimitLength {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn apply(&self, mut doc: Document) -> Verdict {
        if let Some(why) = self.short(&doc.text) {
            return Verdict::Drop(doc, Reason::new(Self::NAME, why));
        }
        let Some(cut) = self.cut(&doc.text) else { return Verdict::Keep(doc) };
        let total = doc.text.chars().count();
        if self.over == Over::Drop {
            let why = format!("{total} characters, {} words: too long", words(&doc.text).count());
            return Verdict::Drop(doc, Reason::new(Self::NAME, why));
        }
        doc.text.truncate(cut);
        doc.text.truncate(doc.text.trim_end().len());
        doc.trace(Self::NAME, format!("cut to {} of {total} characters", doc.text.chars().count()));
        Verdict::Keep(doc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(step: &LimitLength, text: &str) -> Result<String, String> {
        match step.apply(Document::new("a", text)) {
            Verdict::Keep(doc) => Ok(doc.text),
            Verdict::Drop(_, reason) => Err(reason.why),
        }
    }

    #[test]
    fn each_limit() {
        let step = LimitLength { min_words: 3, max_words: 4, ..LimitLength::default() };
        assert_eq!(apply(&step, "one two"), Err("2 words, at least 3 are needed".into()));
        assert_eq!(apply(&step, "one two three four"), Ok("one two three four".into()));
        assert_eq!(apply(&step, "one, two three four five"), Ok("one, two three four".into()));
        assert_eq!(apply(&step, "小麦期货上涨"), Ok("小麦期货".into()));
        let drop = LimitLength { over: Over::Drop, ..step };
        assert_eq!(apply(&drop, "小麦期货上涨"), Err("6 characters, 6 words: too long".into()));
        assert_eq!(apply(&LimitLength::default(), ""), Err("0 characters, at least 1 are needed".into()));
    }

    #[test]
    fn a_cut_never_splits_what_is_seen_as_one() {
        let step = LimitLength { max_chars: 3, ..LimitLength::default() };
        assert_eq!(apply(&step, "ab\u{1f469}\u{200d}\u{1f33e}cd"), Ok("ab".into()));
        assert_eq!(apply(&step, "abc"), Ok("abc".into()));
    }

    #[test]
    fn limits_that_contradict_are_refused() {
        let error = LimitLength { min_chars: 9, max_chars: 5, ..LimitLength::default() }.check().unwrap_err();
        assert_eq!(error.to_string(), "invalid max_chars: must be at least 9, the fewest, got 5");
    }
}
