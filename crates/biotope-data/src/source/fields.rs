//! From named fields to a document: the column mapping that the file sources share.

use std::collections::BTreeMap;

use biotope_core::{Document, Invalid};
use serde::{Deserialize, Serialize};

use crate::dates;

/// Which column holds what. An empty name means that there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Columns {
    /// The text; several are joined by a blank line.
    pub text: Names,
    /// The headline.
    pub title: String,
    /// The label.
    pub label: String,
    /// Address of the document; becomes its source.
    pub url: String,
    /// Date of publication.
    pub date: String,
    /// Language tag.
    pub language: String,
}

/// One name or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Names {
    /// One column.
    One(String),
    /// Several columns.
    Many(Vec<String>),
}

impl Names {
    /// The names in order.
    pub fn list(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            text: Names::One("text".into()),
            title: "title".into(),
            label: "label".into(),
            url: "url".into(),
            date: "date".into(),
            language: "language".into(),
        }
    }
}

impl Columns {
    /// The text must come from somewhere.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let names = self.text.list();
        if !names.is_empty() && names.iter().all(|name| !name.is_empty()) {
            return Ok(());
        }
        Err(Invalid::new("columns.text", "must name a column", format!("{names:?}")))
    }

    /// Columns without which there is no document.
    pub(crate) fn required(&self) -> &[String] {
        self.text.list()
    }

    /// A document from the fields of one record. Fields that no role claims become meta data.
    pub(crate) fn document(
        &self,
        place: &Place<'_>,
        mut fields: BTreeMap<String, String>,
    ) -> Result<Document, String> {
        let mut texts = Vec::new();
        for name in self.text.list() {
            texts.push(fields.remove(name).ok_or_else(|| format!("no field {name:?}"))?);
        }
        let mut take =
            |name: &str| fields.remove(name).map(|value| value.trim().to_owned()).filter(|v| !v.is_empty());
        let (title, label, url) = (take(&self.title), take(&self.label), take(&self.url));
        let (date, language) = (take(&self.date), take(&self.language));
        let source = url.unwrap_or_else(|| place.source());
        let mut doc = Document { title, label, language, ..Document::new(source, texts.join("\n\n")) };
        if let Some(date) = date {
            doc.published = dates::normal(&date, place.date_format);
            if doc.published.is_none() {
                fields.insert("date".into(), date);
            }
        }
        fields.retain(|_, value| !value.is_empty());
        doc.meta = fields;
        doc.meta.insert("file".into(), place.file.to_owned());
        Ok(doc)
    }
}

/// Where a record stands.
pub(crate) struct Place<'a> {
    /// Name of the file.
    pub(crate) file: &'a str,
    /// Line or row, from 1.
    pub(crate) line: u64,
    /// How dates are written, if not in a standard way.
    pub(crate) date_format: Option<&'a str>,
}

impl Place<'_> {
    fn source(&self) -> String {
        format!("file:{}#{}", self.file, self.line)
    }
}

/// A label that is a number becomes the name at that position.
pub(crate) fn named_label(doc: &mut Document, names: &[String]) -> Result<(), String> {
    if names.is_empty() {
        return Ok(());
    }
    let Some(label) = &doc.label else { return Ok(()) };
    let number: Option<usize> = label.parse().ok();
    match number.and_then(|number| names.get(number)) {
        Some(name) => doc.label = Some(name.clone()),
        None if names.contains(label) => {}
        None => return Err(format!("label {label:?} is no number from 0 to {}", names.len() - 1)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn roles_are_claimed_and_the_rest_is_meta() {
        let columns = Columns { text: Names::Many(vec!["lead".into(), "body".into()]), ..Columns::default() };
        let fields = record(&[
            ("lead", "小麦"),
            ("body", "上涨"),
            ("label", " grain "),
            ("date", "8 April?"),
            ("desk", "B"),
        ]);
        let place = Place { file: "a.csv", line: 3, date_format: None };
        let doc = columns.document(&place, fields).unwrap();
        assert_eq!(
            (doc.text.as_str(), doc.label.as_deref(), doc.source.as_str()),
            ("小麦\n\n上涨", Some("grain"), "file:a.csv#3")
        );
        assert_eq!(doc.published, None);
        assert_eq!(doc.meta, record(&[("date", "8 April?"), ("desk", "B"), ("file", "a.csv")]));
        assert_eq!(columns.document(&place, record(&[("lead", "x")])).unwrap_err(), "no field \"body\"");
    }

    #[test]
    fn a_number_becomes_a_name() {
        let names = vec!["World".to_owned(), "Sports".to_owned()];
        let mut doc = Document { label: Some("1".into()), ..Document::new("a", "b") };
        named_label(&mut doc, &names).unwrap();
        assert_eq!(doc.label.as_deref(), Some("Sports"));
        doc.label = Some("2".into());
        assert_eq!(named_label(&mut doc, &names).unwrap_err(), "label \"2\" is no number from 0 to 1");
    }
}
