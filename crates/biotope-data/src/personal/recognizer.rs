//! What a recogniser is: a kind of data, its shapes, its check, and the words that speak for it.

use std::cell::OnceCell;

use super::lexicon::{self, Hit, Lexicon, Words};
use super::page::Page;

/// What a passed check adds to a score.
pub const VALIDATED: f32 = 0.40;
/// What a word nearby adds to a score.
pub const CONTEXT: f32 = 0.35;
/// What a word that speaks against it, nearer than any that speaks for it, takes from a score.
pub const AGAINST: f32 = 0.45;
/// The score a find needs unless the configuration says otherwise.
pub const THRESHOLD: f32 = 0.50;

/// Finds one kind of personal data.
#[derive(Clone, Copy, Debug)]
pub struct Recognizer {
    /// Name of its file, kebab-case.
    pub name: &'static str,
    /// The kind of data, as Presidio names it where it has a name (`"CREDIT_CARD"`).
    pub kind: &'static str,
    /// What is found, in one line.
    pub summary: &'static str,
    /// The standard or register that states shape and check.
    pub source: &'static str,
    /// Words that speak for a find if they stand near it, matched whole and without case.
    pub words: &'static [&'static str],
    /// How it looks for candidates.
    pub(crate) find: Find,
}

/// How candidates are found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Find {
    /// By shapes, and a check of the letters and digits without their separators.
    Shapes(&'static [Shape], Option<Check>),
    /// By a function of its own.
    Scan(fn(&View<'_>, &mut Vec<Candidate>)),
}

/// A written form: `9` is a digit, `A` a letter, `*` either, `~` a space or hyphen, anything else itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) form: &'static str,
    /// What the form alone is worth.
    pub(crate) base: f32,
}

pub(crate) const fn shape(form: &'static str, base: f32) -> Shape {
    Shape { form, base }
}

/// A check that refuses most of what only looks alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check {
    /// Its name in explanations (`"Luhn"`).
    pub(crate) name: &'static str,
    /// Sees letters in upper case and digits, nothing else.
    pub(crate) holds: fn(&[u8]) -> bool,
}

/// A part of a text that may be a find, in byte places of the folded text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// What it looks like.
    pub(crate) pattern: &'static str,
    /// What its looks are worth.
    pub(crate) base: f32,
    /// The check it passed.
    pub(crate) validation: Option<&'static str>,
    /// Words nearby say nothing about it: its own shape decides.
    pub(crate) alone: bool,
}

impl Candidate {
    pub(crate) fn new(start: usize, end: usize, pattern: &'static str, base: f32) -> Self {
        Self { start, end, pattern, base, validation: None, alone: false }
    }

    pub(crate) fn validated(self, check: &'static str) -> Self {
        Self { validation: Some(check), ..self }
    }

    pub(crate) fn alone(self) -> Self {
        Self { alone: true, ..self }
    }
}

/// A page as one recogniser sees it: with the hits of its own words, looked up when first asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'p> {
    pub(crate) page: &'p Page<'p>,
    pub(crate) lexicon: &'p Lexicon,
    pub(crate) hits: &'p OnceCell<Vec<Hit>>,
    pub(crate) own: &'p Words,
}

impl<'p> View<'p> {
    pub(crate) fn text(&self) -> &'p str {
        self.page.text()
    }

    /// The hits of the recogniser's own words, with the words.
    pub(crate) fn hits(&self) -> impl Iterator<Item = (Hit, &'p str)> + use<'p> {
        let (lexicon, page, own) = (self.lexicon, self.page, self.own);
        let all = self.hits.get_or_init(|| lexicon.hits(page.text()));
        lexicon::of(all, own).map(move |hit| (hit, lexicon.word(hit)))
    }
}
