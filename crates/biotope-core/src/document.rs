//! The noun that flows down the river: a page, a text, an article.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::RecordId;

/// What `Document::text` holds until a step changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediaType {
    /// Plain text: nothing to extract.
    #[default]
    Text,
    /// A whole HTML page, decoded to Unicode.
    Html,
}

/// Most entries of a trail.
pub const TRAIL_ENTRIES: usize = 64;

/// Most characters of what an entry of a trail says.
pub const TRAIL_EFFECT: usize = 400;

/// One entry of a document's trail: what a step did to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Registry name of the step.
    pub step: String,
    /// What it did, in a few words with figures (`"masked 2 e-mail"`); empty if the step said nothing itself.
    pub effect: String,
    /// What changed, where a pipeline watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
}

/// What a step changed: figures and names of fields, never a piece of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Characters of the text before the step.
    pub before: u64,
    /// Characters of the text after it.
    pub after: u64,
    /// Fields that it set, changed or cleared (`"title"`, `"meta.author"`), sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// A document with its trail.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Document {
    /// Content-derived name; set by [`Document::new`], kept through all steps.
    pub id: RecordId,
    /// Where it came from: a URL, or `file:name#line`.
    pub source: String,
    /// Headline, once known.
    pub title: Option<String>,
    /// The text, or the page before extraction; see [`Document::media`].
    pub text: String,
    /// What `text` holds.
    pub media: MediaType,
    /// BCP 47 language tag, once known (`"en"`, `"zh"`).
    pub language: Option<String>,
    /// Date of publication, RFC 3339 or `YYYY-MM-DD`, once known.
    pub published: Option<String>,
    /// The label that a human or a rule gave.
    pub label: Option<String>,
    /// Whatever else the source said (author, section, fetch time, ...).
    pub meta: BTreeMap<String, String>,
    /// What each step did.
    pub trail: Vec<Trace>,
}

impl Default for RecordId {
    fn default() -> Self {
        Self::of(&[])
    }
}

impl Document {
    /// A plain text from `source`, named by both.
    pub fn new(source: impl Into<String>, text: impl Into<String>) -> Self {
        let (source, text) = (source.into(), text.into());
        let id = RecordId::of(&[source.as_bytes(), text.as_bytes()]);
        Self { id, source, text, ..Self::default() }
    }

    /// A whole HTML page from `source`, named by both.
    pub fn page(source: impl Into<String>, html: impl Into<String>) -> Self {
        Self { media: MediaType::Html, ..Self::new(source, html) }
    }

    /// Title and text as one: what tokenizers and deduplication read.
    pub fn full_text(&self) -> String {
        match &self.title {
            Some(title) if !title.is_empty() => format!("{title}\n{}", self.text),
            _ => self.text.clone(),
        }
    }

    /// Adds an entry to the trail, which stays small whatever is said: no more than [`TRAIL_ENTRIES`], each no longer than
    /// [`TRAIL_EFFECT`].
    pub fn trace(&mut self, step: &str, effect: impl Into<String>) {
        let mut effect: String = effect.into();
        if let Some((end, _)) = effect.char_indices().nth(TRAIL_EFFECT) {
            effect.truncate(end);
        }
        if self.trail.len() < TRAIL_ENTRIES {
            self.trail.push(Trace { step: step.to_owned(), effect, change: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_page_has_the_same_id_and_another_source_another() {
        assert_eq!(Document::new("a", "x").id, Document::page("a", "x").id);
        assert_ne!(Document::new("a", "x").id, Document::new("b", "x").id);
    }

    #[test]
    fn a_trail_stays_small() {
        let mut doc = Document::new("a", "x");
        (0..100).for_each(|_| doc.trace("label", "长".repeat(1000)));
        assert_eq!((doc.trail.len(), doc.trail[0].effect.chars().count()), (TRAIL_ENTRIES, TRAIL_EFFECT));
    }

    #[test]
    fn a_document_survives_json() {
        let mut doc = Document::page("https://news.example/1", "<p>你好</p>");
        doc.trace("extract-article", "kept 2 of 9 characters");
        let json = serde_json::to_string(&doc).unwrap();
        assert_eq!(doc, serde_json::from_str(&json).unwrap());
    }
}
