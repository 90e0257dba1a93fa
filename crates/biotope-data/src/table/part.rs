//! The files of a new version: written beside the old ones, unseen until they are committed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use deltalake::kernel::Add;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use tempfile::NamedTempFile;

use crate::table::record::{Layout, Record};
use crate::{Error, Result, Workplace};

/// How the names of unfinished files begin and end.
const PREFIX: &str = ".part-";
const SUFFIX: &str = ".tmp";

/// Text bytes after which a row group is written out.
const GROUP_BYTES: usize = 16 << 20;
/// Text bytes after which a new file begins.
const FILE_BYTES: usize = 256 << 20;
/// Rows, or text bytes, that are turned into columns at a time.
const CHUNK: (usize, usize) = (512, 4 << 20);

/// Writes rows into as many files as they need. Files that are not committed are removed on drop.
pub(crate) struct Parts {
    folder: PathBuf,
    layout: Layout,
    open: Option<ArrowWriter<NamedTempFile>>,
    waiting: Vec<Record>,
    bytes: Bytes,
    rows: u64,
    done: Vec<(NamedTempFile, u64)>,
    /// Left when the files are gone.
    workplace: Workplace,
}

/// Text bytes since the last chunk, row group and file.
#[derive(Default)]
struct Bytes {
    chunk: usize,
    group: usize,
    file: usize,
}

impl Parts {
    pub(crate) fn create(folder: &Path, layout: Layout) -> Result<Self> {
        let workplace = Workplace::enter(folder, is_unfinished)?;
        let (open, waiting, bytes) = (None, Vec::new(), Bytes::default());
        let (folder, done) = (folder.to_owned(), Vec::new());
        Ok(Self { folder, layout, open, waiting, bytes, rows: 0, done, workplace })
    }

    pub(crate) fn push(&mut self, record: Record) -> Result<()> {
        self.bytes.chunk += record.doc.text.len();
        self.waiting.push(record);
        if self.waiting.len() >= CHUNK.0 || self.bytes.chunk >= CHUNK.1 { self.write_chunk() } else { Ok(()) }
    }

    fn write_chunk(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut writer = match self.open.take() {
            Some(writer) => writer,
            None => self.begin()?,
        };
        let batch = self.layout.batch(&self.waiting).map_err(ParquetError::from);
        batch.and_then(|batch| writer.write(&batch)).map_err(|error| self.failed(error))?;
        self.rows += self.waiting.len() as u64;
        self.bytes.group += self.bytes.chunk;
        self.bytes.file += self.bytes.chunk;
        self.bytes.chunk = 0;
        self.waiting.clear();
        if self.bytes.group >= GROUP_BYTES {
            writer.flush().map_err(|error| self.failed(error))?;
            self.bytes.group = 0;
        }
        self.open = Some(writer);
        if self.bytes.file >= FILE_BYTES { self.end() } else { Ok(()) }
    }

    fn begin(&self) -> Result<ArrowWriter<NamedTempFile>> {
        let file = unfinished(&self.folder);
        let file = file.map_err(Error::io("write in", &self.folder))?;
        let level = ZstdLevel::try_new(3).expect("3 is a zstd level");
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
        ArrowWriter::try_new(file, self.layout.schema(), Some(properties)).map_err(|error| self.failed(error))
    }

    fn end(&mut self) -> Result<()> {
        self.bytes = Bytes::default();
        let Some(writer) = self.open.take() else { return Ok(()) };
        let file = writer.into_inner().map_err(|error| self.failed(error))?;
        file.as_file().sync_all().map_err(Error::io("write", file.path()))?;
        self.done.push((file, std::mem::take(&mut self.rows)));
        Ok(())
    }

    /// The system's own error where there is one: it knows of full disks.
    fn failed(&self, error: ParquetError) -> Error {
        let cause = match error {
            ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
                Ok(io) => *io,
                Err(other) => std::io::Error::other(other),
            },
            other => os_error(&other.to_string()).unwrap_or_else(|| std::io::Error::other(other)),
        };
        Error::io("write in", &self.folder)(cause)
    }

    /// Finishes the files.
    pub(crate) fn finish(mut self) -> Result<Finished> {
        self.write_chunk()?;
        self.end()?;
        Ok(Finished { folder: self.folder, files: self.done, _workplace: self.workplace })
    }
}

/// The system's error that a text quotes, as in `File too large (os error 27)`.
fn os_error(text: &str) -> Option<std::io::Error> {
    let code = text.split_once("(os error ")?.1.split_once(')')?.0.parse().ok()?;
    Some(std::io::Error::from_raw_os_error(code))
}

/// Files that only need to be named and committed.
pub(crate) struct Finished {
    folder: PathBuf,
    files: Vec<(NamedTempFile, u64)>,
    _workplace: Workplace,
}

impl Finished {
    /// Gives the files their names, which begin with the digest of the whole and its moment, and describes them for the log.
    pub(crate) fn name(self, digest: &str) -> Result<Vec<Add>> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let stamp = since.as_millis() as i64;
        let mut adds = Vec::new();
        for (index, (file, rows)) in self.files.into_iter().enumerate() {
            let name = format!("part-{index:05}-{}-{:x}.zstd.parquet", &digest[..16], since.as_nanos());
            let path = self.folder.join(&name);
            let kept = file.persist(&path).map_err(|error| Error::io("write", &path)(error.error))?;
            adds.push(add(name, size(&kept, &path)?, rows, stamp));
        }
        Ok(adds)
    }
}

fn size(file: &File, path: &Path) -> Result<i64> {
    let metadata = file.metadata().map_err(Error::io("read", path))?;
    make_readable(file);
    Ok(metadata.len() as i64)
}

/// Temporary files are private to their owner; a dataset is for whoever may see its folder.
pub(crate) fn make_readable(file: &File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A file system without modes refuses; then there is nothing to open up either.
        let _ = file.set_permissions(std::fs::Permissions::from_mode(0o644));
    }
}

/// A file as the log names it.
pub(crate) fn add(path: String, size: i64, rows: u64, modification_time: i64) -> Add {
    Add {
        path,
        partition_values: std::collections::HashMap::new(),
        size,
        modification_time,
        data_change: true,
        stats: Some(format!("{{\"numRecords\":{rows}}}")),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
    }
}

/// Whether a name is one of [`unfinished`].
pub(crate) fn is_unfinished(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

/// A file that the next one who writes here removes if we are killed.
pub(crate) fn unfinished(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(folder)
}
