//! The words that speak for or against a find, all looked up in one pass.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::page::is_word;
use super::replaced::LONGEST;

/// Bytes before a find in which a word counts: about fifteen English words or thirty Chinese characters.
const BEFORE: usize = 96;
/// Bytes behind a find in which a word counts.
const BEHIND: usize = 16;

/// Which words of a lexicon are meant: one flag per word.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words(Vec<bool>);

impl Words {
    fn has(&self, word: usize) -> bool {
        self.0.get(word).copied().unwrap_or(false)
    }
}

/// A word of a lexicon that stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) word: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// All words of all recognisers in use.
#[derive(Debug)]
pub(crate) struct Lexicon {
    words: Vec<String>,
    search: AhoCorasick,
}

/// Gathers words before a lexicon is made of them.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    words: Vec<String>,
    places: HashMap<String, usize>,
}

impl Gather {
    /// Adds words and returns which they are.
    pub(crate) fn add<'w>(&mut self, words: impl IntoIterator<Item = &'w str>) -> Words {
        let mut flags = Words::default();
        for word in words {
            let word = word.to_lowercase();
            let next = self.words.len();
            let place = *self.places.entry(word.clone()).or_insert(next);
            if place == next {
                self.words.push(word);
            }
            if flags.0.len() <= place {
                flags.0.resize(place + 1, false);
            }
            flags.0[place] = true;
        }
        flags
    }

    pub(crate) fn lexicon(self) -> Lexicon {
        let search = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&self.words)
            .expect("some hundred short words make a small automaton");
        Lexicon { words: self.words, search }
    }
}

impl Lexicon {
    /// Every whole word of the lexicon in a text, by where it ends.
    pub(crate) fn hits(&self, text: &str) -> Vec<Hit> {
        let found = self.search.find_overlapping_iter(text);
        let hits = found.map(|m| Hit { word: m.pattern().as_usize(), start: m.start(), end: m.end() });
        hits.filter(|hit| is_whole(text, hit) && !is_mark(text, hit)).collect()
    }

    pub(crate) fn word(&self, hit: Hit) -> &str {
        &self.words[hit.word]
    }
}

/// Whether a hit is no part of a longer word: `ssn` is not in `lesson`. Chinese has no such borders.
fn is_whole(text: &str, hit: &Hit) -> bool {
    let joins = |inner: Option<char>, outer: Option<char>| {
        inner.is_some_and(is_word) && outer.is_some_and(|c| is_word(c) && !c.is_ascii_digit())
    };
    let word = &text[hit.start..hit.end];
    !joins(word.chars().next(), text[..hit.start].chars().next_back())
        && !joins(word.chars().next_back(), text[hit.end..].chars().next())
}

/// Whether a hit is part of a mark such as `[PHONE]`, which this crate wrote itself.
fn is_mark(text: &str, hit: &Hit) -> bool {
    let bytes = text.as_bytes();
    let letter = |b: &u8| b.is_ascii_uppercase() || *b == b'_';
    let start = hit.start - bytes[..hit.start].iter().rev().take(LONGEST).take_while(|b| letter(b)).count();
    let end = hit.end + bytes[hit.end..].iter().take(LONGEST).take_while(|b| letter(b)).count();
    start > 0
        && bytes[start - 1] == b'['
        && bytes.get(end) == Some(&b']')
        && bytes[start..end].iter().all(letter)
}

/// The hits of the wanted words, in order.
pub(crate) fn of<'h>(hits: &'h [Hit], words: &'h Words) -> impl Iterator<Item = Hit> + 'h {
    hits.iter().copied().filter(|hit| words.has(hit.word))
}

/// The wanted word nearest to a part of the text, and how far away it is. What stands behind counts as twice as far.
pub(crate) fn nearest(hits: &[Hit], words: &Words, start: usize, end: usize) -> Option<(Hit, usize)> {
    let first = hits.partition_point(|hit| hit.end + BEFORE < start);
    let near = hits[first..].iter().take_while(|hit| hit.end <= end + 2 * BEHIND);
    let far = |hit: &Hit| match () {
        () if hit.end <= start => Some(start - hit.end),
        () if hit.start >= end && hit.start - end <= BEHIND => Some(2 * (hit.start - end) + 1),
        () => None,
    };
    near.filter(|hit| words.has(hit.word))
        .filter_map(|hit| Some((*hit, far(hit)?)))
        .min_by_key(|(_, far)| *far)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexicon(words: &[&str]) -> (Lexicon, Words) {
        let mut gather = Gather::default();
        let flags = gather.add(words.iter().copied());
        (gather.lexicon(), flags)
    }

    fn hits(text: &str) -> Vec<String> {
        let (lexicon, _) = lexicon(&["ssn", "手机", "phone", "phone number"]);
        lexicon.hits(text).iter().map(|hit| lexicon.word(*hit).to_owned()).collect()
    }

    #[test]
    fn words_are_matched_whole() {
        assert_eq!(hits("a lesson on SSN, ssn: ssns"), ["ssn", "ssn"]);
        assert_eq!(hits("他的手机号是"), ["手机"]);
        assert_eq!(
            hits("Phone number; phones; my_phone; phone2; téléphone"),
            ["phone", "phone number", "phone", "phone"]
        );
        assert!(hits("[PHONE] and [US_SSN]").is_empty());
    }

    #[test]
    fn the_nearest_word_counts() {
        let (lexicon, words) = lexicon(&["ssn", "tax"]);
        let text = "the tax office asked: SSN 12 tax";
        let hits = lexicon.hits(text);
        let at = text.find("12").unwrap();
        let (hit, far) = nearest(&hits, &words, at, at + 2).unwrap();
        assert_eq!((lexicon.word(hit), far), ("ssn", 1));
        assert!(nearest(&lexicon.hits(&format!("ssn {} 12", "x".repeat(200))), &words, 205, 207).is_none());
    }
}
