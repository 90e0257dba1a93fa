//! Rows of a table as a stream, file by file.

use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use crate::table::record::{Record, records};
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
