//! An element whose content is being read, and what its words come to.

use std::collections::HashMap;

use super::fields::{Field, Space};
use super::text;

/// An element whose content is being read.
pub(super) struct Capture {
    pub(super) field: Field,
    pub(super) space: Space,
    /// Length of the stack when it is on top.
    pub(super) depth: usize,
    pub(super) text: String,
    pub(super) attributes: Attributes,
    /// For an author's name: where it ended.
    pub(super) ended: Option<usize>,
}

/// The attributes that matter, unescaped.
#[derive(Default)]
pub(super) struct Attributes(pub(super) HashMap<String, String>);

impl Attributes {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).map(str::trim).filter(|value| !value.is_empty())
    }
}

impl Capture {
    /// An element inside of the field: markup, or a part of an author.
    pub(super) fn nested(&mut self, full: &str, name: &str, attributes: &str) {
        match (self.field, name) {
            (Field::Author, "name") => (self.field, self.text) = (Field::AuthorName, String::new()),
            (Field::Author | Field::AuthorName, _) => {}
            _ => self.text.extend(["<", full, attributes, ">"]),
        }
    }

    pub(super) fn nested_end(&mut self, full: &str) {
        match self.field {
            // What follows the name (mail, address) is no part of it.
            Field::AuthorName => drop(self.ended.get_or_insert(self.text.len())),
            Field::Author => {}
            _ => self.text.extend(["</", full, ">"]),
        }
    }

    pub(super) fn into_parts(mut self) -> (String, Attributes) {
        self.text.truncate(self.ended.unwrap_or(self.text.len()));
        (self.text, self.attributes)
    }
}

/// A name out of `me@site.example (Name)` or `Name <me@site.example>`.
pub(super) fn author(text: &str) -> String {
    let text = text::plain(text);
    match text.split_once('(') {
        Some((mail, name)) if mail.contains('@') => name.trim_end_matches(')').trim().to_owned(),
        _ => text,
    }
}

/// An attribute's value.
pub(super) fn unescape(value: &str) -> String {
    let mut parts = value.split('&');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(';').and_then(|(name, rest)| Some((text::entity(name)?, rest))) {
            Some((meant, rest)) => text.extend([meant.as_str(), rest]),
            None => text.extend(["&", part]),
        }
    }
    text
}
