//! A find: where it stands, what it is, and why.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

/// Personal data in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its kind, as the recogniser names it (`"CREDIT_CARD"`).
    pub kind: Cow<'static, str>,
    /// First byte in the original text.
    pub start: usize,
    /// One behind the last byte.
    pub end: usize,
    /// From 0 to 1.
    pub score: f32,
    /// How the decision came about.
    pub why: Why,
}

impl Span {
    /// The part of the text that is meant.
    pub fn of<'t>(&self, text: &'t str) -> &'t str {
        &text[self.start..self.end]
    }
}

/// How a decision came about: score = base + validation + word - the word against it, from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// The recogniser that found it.
    pub recognizer: Cow<'static, str>,
    /// What it looks like.
    pub pattern: Cow<'static, str>,
    /// What its looks are worth.
    pub base: f32,
    /// The check it passed.
    pub validation: Option<&'static str>,
    /// The nearest word that speaks for it.
    pub word: Option<String>,
    /// The nearest word that speaks against it, if it is nearer than any that speaks for it.
    pub against: Option<String>,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({:.2})", self.recognizer, self.pattern, self.base)?;
        if let Some(check) = self.validation {
            write!(f, ", {check} holds (+{:.2})", super::recognizer::VALIDATED)?;
        }
        if let Some(word) = &self.word {
            write!(f, ", near {word:?} (+{:.2})", super::recognizer::CONTEXT)?;
        }
        match &self.against {
            Some(word) => write!(f, ", near {word:?} (-{:.2})", super::recognizer::AGAINST),
            None => Ok(()),
        }
    }
}

/// The spans with their places counted in characters (Unicode scalar values), in the order of the spans.
/// One walk over the text; the spans must be sorted and apart.
pub fn character_places(text: &str, spans: &[Span]) -> Vec<(usize, usize)> {
    let (mut byte, mut chars) = (0, 0);
    let mut to = |place: usize| {
        chars += text[byte..place].chars().count();
        byte = place;
        chars
    };
    spans.iter().map(|span| (to(span.start), to(span.end))).collect()
}

/// Keeps the better of spans that overlap: the higher score, then the longer, then the earlier.
pub(crate) fn apart(mut spans: Vec<Span>) -> Vec<Span> {
    if spans.len() > 1 {
        let length = |span: &Span| span.end - span.start;
        spans.sort_by(|a, b| {
            b.score.total_cmp(&a.score).then(length(b).cmp(&length(a))).then(a.start.cmp(&b.start))
        });
        let mut taken = std::collections::BTreeMap::new();
        spans.retain(|span| {
            let before = taken.range(..span.end).next_back();
            let free = before.is_none_or(|(_, end)| *end <= span.start);
            if free {
                taken.insert(span.start, span.end);
            }
            free
        });
        spans.sort_by_key(|span| span.start);
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn span(start: usize, end: usize, score: f32) -> Span {
        let why = Why {
            recognizer: "toy".into(),
            pattern: "9999".into(),
            base: 0.2,
            validation: Some("Luhn"),
            word: Some("card".into()),
            against: None,
        };
        Span { kind: "TOY".into(), start, end, score, why }
    }

    #[test]
    fn the_better_of_two_that_overlap_stays() {
        let places = |spans: Vec<Span>| apart(spans).iter().map(|s| (s.start, s.end)).collect::<Vec<_>>();
        assert_eq!(places(vec![span(0, 5, 0.5), span(4, 9, 0.9), span(9, 12, 0.5)]), [(4, 9), (9, 12)]);
        assert_eq!(places(vec![span(0, 5, 0.5), span(0, 9, 0.5)]), [(0, 9)]);
        assert_eq!(places(vec![span(3, 4, 0.6), span(0, 9, 0.5), span(5, 6, 0.6)]), [(3, 4), (5, 6)]);
    }

    #[test]
    fn places_are_counted_in_characters_and_the_reason_is_a_sentence() {
        assert_eq!(
            character_places("电话1234é5678", &[span(6, 10, 1.0), span(12, 16, 1.0)]),
            [(2, 6), (7, 11)]
        );
        assert_eq!(
            span(0, 1, 0.95).why.to_string(),
            "toy: 9999 (0.20), Luhn holds (+0.40), near \"card\" (+0.35)"
        );
    }
}
