//! The label stands in another entry of the document: the section of the newspaper, the desk, the feed.

use std::collections::BTreeMap;

use biotope_core::{Config, Document, Invalid};
use serde::{Deserialize, Serialize};

use crate::label::Labeller;

/// Which entry, and what its values mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Meta {
    /// The meta entry.
    pub key: String,
    /// What its values are called as labels: `{ "体育新闻" = "sport" }`. Others are taken as they are.
    pub map: BTreeMap<String, String>,
    /// Whether values that `map` does not name give no label.
    pub only_mapped: bool,
}

impl Default for Meta {
    fn default() -> Self {
        Self { key: "section".into(), map: BTreeMap::new(), only_mapped: false }
    }
}

impl Config for Meta {
    const NAME: &'static str = "meta";
    const SUMMARY: &'static str = "the label is a meta entry, such as the section";

    fn check(&self) -> Result<(), Invalid> {
        if self.key.is_empty() {
            return Err(Invalid::new("key", "must name a meta entry", "\"\"").with_hint("key = \"section\""));
        }
        match self.map.iter().find(|(_, label)| label.trim().is_empty()) {
            Some((value, _)) => Err(Invalid::new(format!("map.{value}"), "must not be empty", "\"\"")),
            None => Ok(()),
        }
    }
}

impl Labeller for Meta {
    fn label(&self, doc: &Document) -> Option<String> {
        let value = doc.meta.get(&self.key).map(|value| value.trim()).filter(|value| !value.is_empty())?;
        let mapped = self.map.get(value).cloned();
        mapped.or_else(|| (!self.only_mapped).then(|| value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_mapped_or_taken_as_they_are() {
        let map = BTreeMap::from([("体育新闻".to_owned(), "体育".to_owned())]);
        let rule = Meta { map, ..Meta::default() };
        let mut doc = Document::new("a", "b");
        assert_eq!(rule.label(&doc), None);
        for (section, label) in [("体育新闻", "体育"), (" Business ", "Business")] {
            doc.meta.insert("section".into(), section.into());
            assert_eq!(rule.label(&doc).as_deref(), Some(label));
        }
        assert_eq!(Meta { only_mapped: true, ..rule }.label(&doc), None);
    }
}
