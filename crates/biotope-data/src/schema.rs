//! What collected records must look like: declared columns, held against every record at the door.
//!
//! A column is a field of the document (`text`, `title`, `label`, `language`, `published`, `source`) or an entry of its
//! meta data. A record that breaks a rule is set aside with its line, the column, what stood there and the rule; a run
//! in which too many do, stops.

use std::collections::{BTreeMap, HashSet};

use biotope_core::{Config, Document, Invalid};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::dates::moment;
use crate::source::{Documents, Memory, Source};
use crate::{Error, Result};

/// Characters of a value that a message shows: enough to find it, too few to copy a text.
const SHOWN: usize = 40;

/// What a value must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Any text.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `YYYY-MM-DD` or RFC 3339.
    Date,
    /// An address with a scheme and a host.
    Url,
}

/// The rules of one column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Column {
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Whether every record has one.
    pub required: bool,
    /// Whether no two records have the same; costs eight bytes per record.
    pub unique: bool,
    /// Smallest number, or fewest characters of a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest number, or most characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The only values that may stand there; any if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// The declared columns, and how much may go wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schema {
    /// Rules by column.
    pub columns: BTreeMap<String, Column>,
    /// Share of records that may break a rule; with more the run fails. 1: never.
    pub max_share: f64,
    /// Records that may break a rule whatever the share, so that the first bad one does not end a run.
    pub max_records: u64,
}

impl Default for Schema {
    fn default() -> Self {
        Self { columns: BTreeMap::new(), max_share: 1.0, max_records: 100 }
    }
}

impl Config for Schema {
    const NAME: &'static str = "schema";
    const SUMMARY: &'static str = "what collected records must look like";

    fn check(&self) -> Result<(), Invalid> {
        if !(0.0..=1.0).contains(&self.max_share) {
            return Err(Invalid::new("max_share", "must be in 0..=1", self.max_share));
        }
        for (name, column) in &self.columns {
            if let (Some(min), Some(max)) = (column.min, column.max)
                && min > max
            {
                let got = format!("{min} and {max}");
                return Err(Invalid::new(format!("columns.{name}"), "min must not be above max", got));
            }
            let odd = column.values.iter().find(|value| kind(column.kind, value).is_some());
            if let Some(value) = odd {
                let rule = format!("must be of type {}", named(column.kind));
                return Err(Invalid::new(format!("columns.{name}.values"), rule, format!("{value:?}")));
            }
        }
        Ok(())
    }
}

/// The name in a recipe.
fn named(kind: Kind) -> String {
    format!("{kind:?}").to_lowercase()
}

/// The rule that a value's type breaks.
fn kind(kind: Kind, value: &str) -> Option<String> {
    let right = match kind {
        Kind::Text => true,
        Kind::Integer => value.parse::<i64>().is_ok(),
        Kind::Number => value.parse::<f64>().is_ok_and(f64::is_finite),
        Kind::Boolean => matches!(value, "true" | "false"),
        Kind::Date => moment(value).is_some(),
        Kind::Url => url::Url::parse(value).is_ok_and(|url| url.has_host()),
    };
    (!right).then(|| format!("must be of type {}", named(kind)))
}

impl Column {
    /// The first rule that a value breaks.
    fn broken(&self, value: Option<&str>) -> Option<String> {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return self.required.then(|| "is required".to_owned());
        };
        if let Some(rule) = kind(self.kind, value) {
            return Some(rule);
        }
        if !self.values.is_empty() && !self.values.iter().any(|allowed| allowed == value) {
            return Some(format!("must be one of {}", self.values.join(", ")));
        }
        let (size, unit) = match self.kind {
            Kind::Integer | Kind::Number => (value.parse().unwrap_or(f64::NAN), ""),
            Kind::Text | Kind::Url => (value.chars().count() as f64, " characters"),
            Kind::Boolean | Kind::Date => return None,
        };
        match (self.min, self.max) {
            (Some(min), _) if size < min => Some(format!("must be at least {min}{unit}")),
            (_, Some(max)) if size > max => Some(format!("must be at most {max}{unit}")),
            _ => None,
        }
    }
}

/// A field or meta entry by name.
fn value<'a>(doc: &'a Document, column: &str) -> Option<&'a str> {
    match column {
        "text" => Some(&doc.text),
        "title" => doc.title.as_deref(),
        "label" => doc.label.as_deref(),
        "language" => doc.language.as_deref(),
        "published" => doc.published.as_deref(),
        "source" => Some(&doc.source),
        meta => doc.meta.get(meta).map(String::as_str),
    }
}

/// A source behind a schema.
pub struct Checked<'a> {
    source: &'a dyn Source,
    schema: &'a Schema,
}

impl<'a> Checked<'a> {
    /// The records of `source` that keep to `schema`; the others are bad records.
    pub fn new(source: &'a dyn Source, schema: &'a Schema) -> Result<Self> {
        schema.check().map_err(|invalid| invalid.under("schema"))?;
        Ok(Self { source, schema })
    }
}

impl std::fmt::Debug for Checked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checked").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// What is remembered while records go by.
#[derive(Default)]
struct Seen {
    records: u64,
    broken: u64,
    values: BTreeMap<String, HashSet<u64>>,
}

impl Checked<'_> {
    fn behind<'s>(&'s self, documents: Documents<'s>) -> Documents<'s> {
        let mut seen = Seen::default();
        Box::new(documents.flat_map(move |document| {
            let checked = document.and_then(|document| seen.check(self.schema, document));
            let too_many = checked.is_err().then(|| seen.too_many(self.schema)).flatten();
            [Some(checked), too_many.map(Err)].into_iter().flatten()
        }))
    }
}

impl Source for Checked<'_> {
    fn documents(&self) -> Result<Documents<'_>> {
        Ok(self.behind(self.source.documents()?))
    }

    fn resume<'s>(&'s self, memory: &Memory<'s>) -> Result<Documents<'s>> {
        Ok(self.behind(self.source.resume(memory)?))
    }

    fn settle(&self, memory: &Memory<'_>) -> Result<()> {
        self.source.settle(memory)
    }

    fn describe(&self) -> String {
        self.source.describe()
    }
}

impl Seen {
    fn check(&mut self, schema: &Schema, doc: Document) -> Result<Document> {
        self.records += 1;
        let wrong = schema
            .columns
            .iter()
            .find_map(|(name, column)| column.broken(value(&doc, name)).map(|rule| (name, rule)));
        // Only a record that comes in takes its values: the next may have those of one that did not.
        let unique = schema.columns.iter().filter(|(_, column)| column.unique);
        let keys = unique.filter_map(|(name, _)| Some((name, xxh3_64(value(&doc, name)?.as_bytes()))));
        let twice = || {
            keys.clone().find(|(name, key)| self.values.get(*name).is_some_and(|known| known.contains(key)))
        };
        let wrong = wrong.or_else(|| Some((twice()?.0, "must be unique".to_owned())));
        if let Some((name, rule)) = wrong {
            self.broken += 1;
            return Err(broken(&doc, name, rule));
        }
        for (name, key) in keys {
            self.values.entry(name.clone()).or_default().insert(key);
        }
        Ok(doc)
    }

    fn too_many(&self, schema: &Schema) -> Option<Error> {
        let share = self.broken as f64 / self.records.max(1) as f64;
        let over = self.broken > schema.max_records && share > schema.max_share;
        over.then(|| Error::TooManyBroken {
            broken: self.broken,
            records: self.records,
            allowed: schema.max_share,
        })
    }
}

fn broken(doc: &Document, column: &str, rule: String) -> Error {
    let (place, line) = place(&doc.source);
    let value = shortened(value(doc, column).unwrap_or_default());
    let document = Box::new((doc.id, doc.label.clone()));
    Error::Broken { document, place, line, column: column.to_owned(), value, rule }
}

/// File and line of `file:name#line`; anything else as it stands.
fn place(source: &str) -> (String, Option<u64>) {
    let file = source.strip_prefix("file:").and_then(|rest| rest.rsplit_once('#'));
    match file.and_then(|(name, line)| Some((name, line.parse().ok()?))) {
        Some((name, line)) => (name.to_owned(), Some(line)),
        None => (source.to_owned(), None),
    }
}

/// The beginning of a value, on one line.
fn shortened(value: &str) -> String {
    let mut short: String = value.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if value.chars().count() > SHOWN {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rows(Vec<Document>);

    impl Source for Rows {
        fn documents(&self) -> Result<Documents<'_>> {
            Ok(Box::new(self.0.iter().cloned().map(Ok)))
        }

        fn describe(&self) -> String {
            "rows".into()
        }
    }

    fn doc(line: usize, meta: &[(&str, &str)]) -> Document {
        let mut doc = Document::new(format!("file:新闻.csv#{line}"), "小麦期货");
        doc.meta = meta.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        doc
    }

    fn schema(toml: &str) -> Schema {
        let table: biotope_core::Table = toml.parse().unwrap();
        let schema: Schema = biotope_core::config::parse(&table).unwrap();
        schema.check().unwrap();
        schema
    }

    #[test]
    fn every_rule_names_line_column_value_and_itself() {
        let schema = schema(
            "[columns]\nid = { unique = true, required = true }\nprice = { type = \"number\", min = 0, max = 10 }\n\
             desk = { values = [\"经济\", \"sport\"] }\nday = { type = \"date\" }\ntext = { min = 3 }",
        );
        let mut short = doc(9, &[("id", "9")]);
        short.text = "短".into();
        let rows = Rows(vec![
            doc(2, &[("id", "1"), ("price", "9.5"), ("desk", "经济"), ("day", "2026-11-24")]),
            doc(3, &[("id", "1")]),
            doc(4, &[]),
            doc(5, &[("id", "5"), ("price", "-1")]),
            doc(6, &[("id", "6"), ("price", "many")]),
            doc(7, &[("id", "7"), ("desk", &"长".repeat(50))]),
            doc(8, &[("id", "8"), ("day", "yesterday")]),
            short,
            // The one with this id in line 5 did not come in.
            doc(10, &[("id", "5")]),
        ]);
        let checked = Checked::new(&rows, &schema).unwrap();
        let (good, bad): (Vec<_>, Vec<_>) = checked.documents().unwrap().partition(Result::is_ok);
        assert_eq!(good.len(), 2);
        let said: Vec<String> = bad.into_iter().map(|error| error.unwrap_err().to_string()).collect();
        let expected = [
            "bad record at 新闻.csv, line 3: id must be unique, got \"1\"".to_owned(),
            "bad record at 新闻.csv, line 4: id is required, got \"\"".to_owned(),
            "bad record at 新闻.csv, line 5: price must be at least 0, got \"-1\"".to_owned(),
            "bad record at 新闻.csv, line 6: price must be of type number, got \"many\"".to_owned(),
            format!(
                "bad record at 新闻.csv, line 7: desk must be one of 经济, sport, got \"{}…\"",
                "长".repeat(40)
            ),
            "bad record at 新闻.csv, line 8: day must be of type date, got \"yesterday\"".to_owned(),
            "bad record at 新闻.csv, line 9: text must be at least 3 characters, got \"短\"".to_owned(),
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn too_many_end_the_run() {
        let schema = schema("max_share = 0.2\nmax_records = 3\ncolumns.id = { required = true }");
        let row = |n: usize| if n.is_multiple_of(2) { doc(n, &[("id", "x")]) } else { doc(n, &[]) };
        let rows = Rows((0..100).map(row).collect());
        let checked = Checked::new(&rows, &schema).unwrap();
        let fatal = checked.documents().unwrap().find(|d| d.as_ref().is_err_and(|error| !error.is_record()));
        let error = fatal.unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "4 of 8 records break the schema, at most 20 % may after the first few"
        );
        assert!(error.hint().unwrap().contains("quarantine"));
    }

    #[test]
    fn a_schema_that_contradicts_itself_is_refused() {
        let table: biotope_core::Table = "columns.n = { min = 2, max = 1 }".parse().unwrap();
        let schema: Schema = biotope_core::config::parse(&table).unwrap();
        let error = Checked::new(&Rows(Vec::new()), &schema).unwrap_err();
        assert_eq!(error.to_string(), "invalid schema.columns.n: min must not be above max, got 2 and 1");
        let schema = Schema {
            columns: [(
                "n".to_owned(),
                Column { kind: Kind::Integer, values: vec!["x".into()], ..Column::default() },
            )]
            .into(),
            ..Schema::default()
        };
        assert!(schema.check().unwrap_err().to_string().contains("must be of type integer"));
    }
}
