//! One row of a table, and rows as Arrow columns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use biotope_core::{Document, MediaType, RecordId};
use deltalake::kernel::{DataType as DeltaType, StructField};

use crate::split::Split;

/// What the table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Documents as collected.
    Raw,
    /// Documents with split and cluster.
    Curated,
}

/// Column names and whether a value may be missing.
const COLUMNS: &[(&str, bool)] = &[
    ("id", false),
    ("source", false),
    ("title", true),
    ("text", false),
    ("media", false),
    ("language", true),
    ("published", true),
    ("label", true),
    ("split", false),
    ("cluster", false),
    ("meta", false),
    ("trail", false),
];

/// A document with what curation found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) doc: Document,
    pub(crate) place: Option<(Split, RecordId)>,
}

impl Layout {
    fn names(self) -> impl Iterator<Item = &'static (&'static str, bool)> {
        COLUMNS.iter().filter(move |(name, _)| self == Self::Curated || !matches!(*name, "split" | "cluster"))
    }

    /// The columns for the table's log.
    pub(crate) fn columns(self) -> Vec<StructField> {
        self.names().map(|(name, nullable)| StructField::new(*name, DeltaType::STRING, *nullable)).collect()
    }

    /// The columns for its files.
    pub(crate) fn schema(self) -> SchemaRef {
        let field = |(name, nullable): &(&str, bool)| Field::new(*name, DataType::Utf8, *nullable);
        Arc::new(Schema::new(self.names().map(field).collect::<Vec<_>>()))
    }

    /// Rows as columns.
    pub(crate) fn batch(self, records: &[Record]) -> Result<RecordBatch, ArrowError> {
        let columns = self.names().map(|(name, _)| {
            let values: StringArray = records.iter().map(|record| value(record, name)).collect();
            Arc::new(values) as ArrayRef
        });
        RecordBatch::try_new(self.schema(), columns.collect())
    }
}

fn value(record: &Record, column: &str) -> Option<String> {
    let doc = &record.doc;
    match column {
        "id" => Some(doc.id.to_string()),
        "source" => Some(doc.source.clone()),
        "title" => doc.title.clone(),
        "text" => Some(doc.text.clone()),
        "media" => Some(if doc.media == MediaType::Html { "html" } else { "text" }.to_owned()),
        "language" => doc.language.clone(),
        "published" => doc.published.clone(),
        "label" => doc.label.clone(),
        "split" => record.place.map(|(split, _)| split.name().to_owned()),
        "cluster" => record.place.map(|(_, cluster)| cluster.to_string()),
        "meta" => Some(json(&doc.meta)),
        "trail" => Some(json(&doc.trail)),
        other => unreachable!("column {other} is not in COLUMNS"),
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("strings in maps and lists are JSON")
}

/// The rows of a batch, or which column is wrong.
pub(crate) fn records(batch: &RecordBatch) -> Result<Vec<Record>, String> {
    let columns = Columns(batch);
    (0..batch.num_rows()).map(|row| columns.record(row)).collect()
}

/// The values of a column of texts; none where there is no such column or value.
pub(crate) fn texts(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let columns = Columns(batch);
    (0..batch.num_rows()).map(|row| columns.optional(name, row)).collect()
}

struct Columns<'a>(&'a RecordBatch);

impl Columns<'_> {
    fn optional(&self, name: &str, row: usize) -> Option<String> {
        let column = self.0.column_by_name(name)?;
        if column.is_null(row) {
            return None;
        }
        let plain = column.as_string_opt::<i32>().map(|array| array.value(row));
        let large = || column.as_string_opt::<i64>().map(|array| array.value(row));
        let view = || column.as_string_view_opt().map(|array| array.value(row));
        plain.or_else(large).or_else(view).map(str::to_owned)
    }

    fn required(&self, name: &str, row: usize) -> Result<String, String> {
        self.optional(name, row).ok_or_else(|| format!("column {name:?} has no value in row {row}"))
    }

    fn parsed<T: serde::de::DeserializeOwned>(&self, name: &str, row: usize) -> Result<T, String> {
        serde_json::from_str(&self.required(name, row)?).map_err(|error| format!("column {name:?}: {error}"))
    }

    fn id(&self, name: &str, row: usize) -> Result<RecordId, String> {
        self.required(name, row)?.parse().map_err(|error| format!("column {name:?}: {error}"))
    }

    fn record(&self, row: usize) -> Result<Record, String> {
        let html = self.optional("media", row).as_deref() == Some("html");
        let doc = Document {
            id: self.id("id", row)?,
            source: self.required("source", row)?,
            title: self.optional("title", row),
            text: self.required("text", row)?,
            media: if html { MediaType::Html } else { MediaType::Text },
            language: self.optional("language", row),
            published: self.optional("published", row),
            label: self.optional("label", row),
            meta: self.parsed("meta", row)?,
            trail: self.parsed("trail", row)?,
        };
        let place = match self.optional("split", row) {
            Some(name) => {
                let split =
                    Split::named(&name).ok_or_else(|| format!("column \"split\": unknown {name:?}"))?;
                Some((split, self.id("cluster", row)?))
            }
            None => None,
        };
        Ok(Record { doc, place })
    }
}

/// What of a row enters the dataset's digest: everything but `meta` and `trail`, where times of fetching may stand.
pub(crate) fn digest(record: &Record) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for (name, _) in COLUMNS.iter().filter(|(name, _)| !matches!(*name, "meta" | "trail" | "source")) {
        match value(record, name) {
            Some(text) => {
                hasher.update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            }
            None => {
                hasher.update(&u64::MAX.to_le_bytes());
            }
        }
    }
    *hasher.finalize().as_bytes()
}
