//! Rows of a table as a stream, file by file.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
    RowSelection,
};

use crate::table::record::{Record, records, texts};
use crate::{Error, Result};

/// Rows that are decoded at a time.
const BATCH: usize = 128;

/// The rows of several Parquet files, in their order.
pub(crate) struct Records {
    files: std::vec::IntoIter<PathBuf>,
    current: Option<(PathBuf, ParquetRecordBatchReader)>,
    rows: std::vec::IntoIter<Record>,
    failed: bool,
}

impl Records {
    pub(crate) fn new(files: Vec<PathBuf>) -> Self {
        Self { files: files.into_iter(), current: None, rows: Vec::new().into_iter(), failed: false }
    }

    /// Decodes the next batch; false at the end.
    fn refill(&mut self) -> Result<bool> {
        loop {
            if let Some((path, reader)) = &mut self.current {
                match reader.next() {
                    Some(batch) => {
                        let rows = batch.map_err(|error| error.to_string()).and_then(|batch| records(&batch));
                        self.rows = rows.map_err(|why| broken(path, why))?.into_iter();
                        return Ok(true);
                    }
                    None => self.current = None,
                }
            }
            let Some(path) = self.files.next() else { return Ok(false) };
            let reader = open(&path)?;
            self.current = Some((path, reader));
        }
    }
}

fn open(path: &Path) -> Result<ParquetRecordBatchReader> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(path, error))?;
    builder.with_batch_size(BATCH).build().map_err(|error| broken(path, error))
}

/// Number of rows of a file.
pub(crate) fn rows(path: &Path) -> Result<u64> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default());
    let metadata = metadata.map_err(|error| broken(path, error))?;
    Ok(metadata.metadata().file_metadata().num_rows() as u64)
}

/// The rows of a file whose `column` holds one of the `wanted` values, in its order. The other columns are decoded for
/// these rows only.
pub(crate) fn matching(path: &Path, column: &str, wanted: &HashSet<String>) -> Result<Vec<Record>> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default());
    let metadata = metadata.map_err(|error| broken(path, error))?;
    let again = || file.try_clone().map_err(Error::io("read", path));
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(again()?, metadata.clone());
    let mask = ProjectionMask::columns(builder.parquet_schema(), [column]);
    let reader = builder.with_projection(mask).with_batch_size(8192).build();
    let (mut ranges, mut row) = (Vec::new(), 0);
    for batch in reader.map_err(|error| broken(path, error))? {
        let batch = batch.map_err(|error| broken(path, error))?;
        for value in texts(&batch, column) {
            ranges.extend(value.is_some_and(|value| wanted.contains(&value)).then_some(row..row + 1));
            row += 1;
        }
    }
    if ranges.is_empty() {
        return Ok(Vec::new());
    }
    let selection = RowSelection::from_consecutive_ranges(ranges.into_iter(), row);
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(again()?, metadata);
    let reader = builder.with_row_selection(selection).with_batch_size(BATCH).build();
    let mut found = Vec::new();
    for batch in reader.map_err(|error| broken(path, error))? {
        let batch = batch.map_err(|error| broken(path, error))?;
        found.extend(records(&batch).map_err(|why| broken(path, why))?);
    }
    Ok(found)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "callers hand over an error or a text, and are done with it"
)]
fn broken(path: &Path, why: impl ToString) -> Error {
    Error::Format { path: path.to_owned(), expected: "file of a dataset", why: why.to_string() }
}

impl Iterator for Records {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(Ok(row));
            }
            if self.failed {
                return None;
            }
            match self.refill() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
        }
    }
}
