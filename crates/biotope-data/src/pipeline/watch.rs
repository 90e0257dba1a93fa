//! What a step changed, seen from outside: the part of the trail that no step has to write itself.

use std::collections::BTreeMap;

use biotope_core::document::{TRAIL_EFFECT as EFFECT, TRAIL_ENTRIES as ENTRIES};
use biotope_core::{Change, Document, MediaType, Trace};

/// A document before a step, as far as the trail tells of it.
pub(super) struct Seen {
    characters: u64,
    media: MediaType,
    fields: [Option<String>; 4],
    meta: BTreeMap<String, String>,
    entries: usize,
}

/// Names of the fields that [`fields`] gives.
const FIELDS: [&str; 4] = ["label", "language", "published", "title"];

fn fields(doc: &Document) -> [&Option<String>; 4] {
    [&doc.label, &doc.language, &doc.published, &doc.title]
}

fn characters(doc: &Document) -> u64 {
    doc.text.chars().count() as u64
}

impl Seen {
    pub(super) fn of(doc: &Document) -> Self {
        Self {
            characters: characters(doc),
            media: doc.media,
            fields: fields(doc).map(Clone::clone),
            meta: doc.meta.clone(),
            entries: doc.trail.len(),
        }
    }

    /// Writes what changed into the last entry that the step left, or into one of its own.
    pub(super) fn note(self, doc: &mut Document, step: &str) {
        let change = Change { before: self.characters, after: characters(doc), fields: self.changed(doc) };
        let silent = doc.trail.len() <= self.entries;
        if silent && change.before == change.after && change.fields.is_empty() {
            return;
        }
        if silent {
            doc.trail.push(Trace { step: step.to_owned(), ..Trace::default() });
        }
        let last = doc.trail.last_mut().expect("an entry was there or was pushed");
        last.change = Some(change);
        // A step may have written into the trail itself.
        if let Some((end, _)) = last.effect.char_indices().nth(EFFECT) {
            last.effect.truncate(end);
        }
        doc.trail.truncate(ENTRIES);
    }

    fn changed(&self, doc: &Document) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let now = fields(doc);
        let differs = (0..FIELDS.len()).filter(|index| &self.fields[*index] != now[*index]);
        names.extend(differs.map(|index| FIELDS[index].to_owned()));
        if self.media != doc.media {
            names.push("media".into());
        }
        let of = |key: &String| self.meta.get(key) != doc.meta.get(key);
        let mut keys: Vec<&String> = self.meta.keys().chain(doc.meta.keys()).filter(|key| of(key)).collect();
        keys.sort_unstable();
        keys.dedup();
        names.extend(keys.into_iter().take(ENTRIES).map(|key| format!("meta.{key}")));
        names.sort_unstable();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_figures_are_told_and_nothing_of_the_text() {
        let mut doc = Document::page("https://news.example/1", "<p>电话 13812345678</p>");
        let seen = Seen::of(&doc);
        doc.text = "电话 [PHONE]".into();
        doc.media = MediaType::Text;
        doc.title = Some("标题".into());
        doc.meta.insert("author".into(), "a".into());
        doc.trace("mask", "masked 1 phone");
        seen.note(&mut doc, "mask");
        let change = doc.trail[0].change.clone().unwrap();
        assert_eq!((change.before, change.after), (21, 10));
        assert_eq!(change.fields, ["media", "meta.author", "title"]);
        assert!(!serde_json::to_string(&doc.trail).unwrap().contains("138"));
    }

    #[test]
    fn a_step_that_does_nothing_leaves_nothing_and_a_trail_is_bounded() {
        let mut doc = Document::new("a", "same");
        Seen::of(&doc).note(&mut doc, "idle");
        assert!(doc.trail.is_empty());
        for _ in 0..100 {
            let seen = Seen::of(&doc);
            doc.trace("talks", "长".repeat(10_000));
            seen.note(&mut doc, "talks");
        }
        assert_eq!((doc.trail.len(), doc.trail[0].effect.chars().count()), (ENTRIES, EFFECT));
    }
}
