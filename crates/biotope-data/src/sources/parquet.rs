//! Parquet files, as datasets on hubs and in lakes are kept.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use biotope_core::{Config, Document, Invalid};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::{Deserialize, Serialize};

use crate::source::fields::{Columns, Place, named_label};
use crate::source::files::{Paths, in_order, name};
use crate::source::{Documents, Source};
use crate::{Error, Result};

/// Rows that are decoded at a time.
const BATCH: usize = 256;

/// Which files, and which columns hold what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParquetConfig {
    /// One file or several.
    pub path: Paths,
    /// Which column holds what.
    pub columns: Columns,
    /// Names of labels that are stored as numbers, from 0.
    pub labels: Vec<String>,
}

impl Config for ParquetConfig {
    const NAME: &'static str = "parquet";
    const SUMMARY: &'static str = "Parquet files, labels by name or number";

    fn check(&self) -> Result<(), Invalid> {
        self.path.check()?;
        self.columns.check()
    }
}

/// The source.
#[derive(Clone, Debug)]
pub struct Parquet {
    config: ParquetConfig,
}

impl Parquet {
    /// A source over these files.
    pub fn new(config: ParquetConfig) -> Self {
        Self { config }
    }

    fn file<'a>(&'a self, path: &'a Path) -> Result<impl Iterator<Item = Result<Document>> + 'a> {
        let broken = |why: String| Error::Format { path: path.to_owned(), expected: "Parquet file", why };
        let file = File::open(path).map_err(Error::io("read", path))?;
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(error.to_string()))?;
        self.check_columns(
            path,
            builder.schema().fields().iter().map(|field| field.name().clone()).collect(),
        )?;
        let reader = builder.with_batch_size(BATCH).build().map_err(|error| broken(error.to_string()))?;
        let mut row = 0;
        Ok(reader.flat_map(move |batch| match batch {
            Ok(batch) => {
                let first = row;
                row += batch.num_rows() as u64;
                self.batch(path, first, &batch)
            }
            Err(error) => vec![Err(broken(error.to_string()))],
        }))
    }

    fn check_columns(&self, path: &Path, columns: Vec<String>) -> Result<()> {
        let missing = self.config.columns.required().iter().find(|column| !columns.contains(column));
        match missing {
            Some(column) => {
                Err(Error::MissingColumn { path: path.to_owned(), column: column.clone(), columns })
            }
            None => Ok(()),
        }
    }

    fn batch(&self, path: &Path, first: u64, batch: &RecordBatch) -> Vec<Result<Document>> {
        let file = name(path);
        let options = FormatOptions::default();
        let schema = batch.schema();
        let columns: Vec<_> = (schema.fields().iter().zip(batch.columns()))
            .filter(|(field, _)| is_plain(field.data_type()))
            .filter_map(|(field, array)| {
                Some((field.name(), array, ArrayFormatter::try_new(array, &options).ok()?))
            })
            .collect();
        let document = |row: usize| {
            let line = first + row as u64 + 1;
            let present = columns.iter().filter(|(_, array, _)| !array.is_null(row));
            let fields: BTreeMap<String, String> =
                present.map(|(name, _, format)| ((*name).clone(), format.value(row).to_string())).collect();
            let place = Place { file: &file, line, date_format: None };
            let doc = self.config.columns.document(&place, fields).and_then(|mut doc| {
                named_label(&mut doc, &self.config.labels)?;
                Ok(doc)
            });
            doc.map_err(|why| Error::bad(&file, Some(line), why))
        };
        (0..batch.num_rows()).map(document).collect()
    }
}

/// Whether a value reads as text: no lists, structs or bytes.
fn is_plain(kind: &DataType) -> bool {
    let bytes = matches!(
        kind,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_)
    );
    let text = matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let number = kind.is_primitive() || matches!(kind, DataType::Boolean);
    !bytes && (text || number || matches!(kind, DataType::Dictionary(_, value) if is_plain(value)))
}

impl Source for Parquet {
    fn documents(&self) -> Result<Documents<'_>> {
        in_order(self.config.path.list(), |path| self.file(path).map(|docs| Box::new(docs) as Documents<'_>))
    }

    fn describe(&self) -> String {
        self.config.path.describe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use std::sync::Arc;

    fn write(path: &Path) {
        let text: ArrayRef =
            Arc::new(StringArray::from(vec![Some("小麦上涨"), None, Some("oil"), Some("gold")]));
        let label: ArrayRef = Arc::new(Int64Array::from(vec![0, 1, 1, 7]));
        let batch = RecordBatch::try_from_iter([("text", text), ("label", label)]).unwrap();
        let mut writer =
            parquet::arrow::ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    #[test]
    fn numbers_become_labels_and_bad_rows_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.parquet");
        write(&path);
        let labels = vec!["谷物".into(), "crude".into()];
        let source =
            Parquet::new(ParquetConfig { path: Paths::One(path), labels, ..ParquetConfig::default() });
        let (good, bad): (Vec<_>, Vec<_>) = source.documents().unwrap().partition(Result::is_ok);
        let good: Vec<Document> = good.into_iter().map(Result::unwrap).collect();
        assert_eq!((good[0].label.as_deref(), good[1].label.as_deref()), (Some("谷物"), Some("crude")));
        assert_eq!(good[1].source, "file:train.parquet#3");
        let bad: Vec<String> = bad.into_iter().map(|bad| bad.unwrap_err().to_string()).collect();
        assert_eq!(bad[0], "bad record at train.parquet, line 2: no field \"text\"");
        assert_eq!(bad[1], "bad record at train.parquet, line 4: label \"7\" is no number from 0 to 1");
    }

    #[test]
    fn what_is_no_parquet_file_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        std::fs::write(&path, "hello, this is no such file").unwrap();
        let source = Parquet::new(ParquetConfig { path: Paths::One(path), ..ParquetConfig::default() });
        let error = source.documents().err().unwrap().to_string();
        assert!(error.contains("a.parquet is no Parquet file: "), "{error}");
    }
}
