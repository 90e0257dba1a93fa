//! Words and where they stand, for explanations: not a tokenizer, and the same for every model.

use std::collections::BTreeSet;
use std::ops::Range;

use biotope_core::Document;

/// The distinct words of a document in reading order, lower case.
#[derive(Debug)]
pub(crate) struct Words {
    names: Vec<String>,
}

impl Words {
    /// The first `limit` distinct words, title first.
    pub(crate) fn of(doc: &Document, limit: usize) -> Self {
        let mut names = Vec::new();
        let mut seen = BTreeSet::new();
        for text in doc.title.iter().chain([&doc.text]) {
            for span in spans(text) {
                let word = text[span].to_lowercase();
                if names.len() < limit && seen.insert(word.clone()) {
                    names.push(word);
                }
            }
        }
        Self { names }
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The document without a word, under the same id.
    #[expect(clippy::unused_self, reason = "reads as a question to the words of this document")]
    pub(crate) fn without(&self, doc: &Document, word: &str) -> Document {
        let title = doc.title.as_ref().map(|title| erase(title, word));
        Document { title, text: erase(&doc.text, word), ..doc.clone() }
    }
}

fn erase(text: &str, word: &str) -> String {
    let mut rest = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans(text).filter(|span| text[span.clone()].to_lowercase() == word) {
        rest.push_str(&text[from..span.start]);
        from = span.end;
    }
    rest.push_str(&text[from..]);
    rest
}

/// Byte ranges of words: runs of letters and digits, joined by single inner apostrophes and hyphens;
/// characters of scripts written without spaces stand alone.
fn spans(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(char::is_alphanumeric)?;
        let first = text[start..].chars().next().expect("a match is a character");
        at = start + first.len_utf8();
        while !is_spaceless(first) {
            let step = run_on(&text[at..]);
            if step == 0 {
                break;
            }
            at += step;
        }
        Some(start..at)
    })
}

/// Bytes by which a word goes on at the head of `rest`; 0 where it ends.
fn run_on(rest: &str) -> usize {
    let letter = |c: char| c.is_alphanumeric() && !is_spaceless(c);
    let mut chars = rest.chars();
    match (chars.next(), chars.next()) {
        (Some(c), _) if letter(c) => c.len_utf8(),
        (Some(joint @ ('\'' | '’' | '-')), Some(c)) if letter(c) => joint.len_utf8() + c.len_utf8(),
        _ => 0,
    }
}

/// Han, Hiragana, Katakana.
fn is_spaceless(c: char) -> bool {
    matches!(u32::from(c), 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x323AF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> Vec<&str> {
        spans(text).map(|span| &text[span]).collect()
    }

    #[test]
    fn words_of_two_scripts() {
        assert_eq!(
            split("The U.S.'s well-known 3.5% rise"),
            ["The", "U", "S", "s", "well-known", "3", "5", "rise"]
        );
        assert_eq!(
            split("央行下调0.25个百分点,GDP增长"),
            ["央", "行", "下", "调", "0", "25", "个", "百", "分", "点", "GDP", "增", "长"]
        );
    }

    #[test]
    fn a_word_is_erased_everywhere_whatever_its_case() {
        assert_eq!(erase("Oil, oil and OILY", "oil"), ",  and OILY");
    }

    proptest! {
        #[test]
        fn spans_lie_in_order_on_character_boundaries(text in "\\PC{0,60}") {
            let mut end = 0;
            for span in spans(&text) {
                prop_assert!(span.start >= end && span.start < span.end);
                prop_assert!(text.get(span.clone()).is_some());
                end = span.end;
            }
        }

        #[test]
        fn an_erased_word_is_gone(text in "[ab 麦-]{0,30}") {
            for word in split(&text) {
                let rest = erase(&text, &word.to_lowercase());
                prop_assert!(rest.len() < text.len());
            }
        }
    }
}
