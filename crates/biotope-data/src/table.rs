//! A Delta table in a local folder: Parquet files and a log, replaced as a whole in one atomic commit.
//!
//! The Delta library is asynchronous. Its futures run on a small runtime of this module, each driven from a
//! thread of its own, so that callers stay blocking and may even sit inside another runtime (which they then block).

pub(crate) mod log;
pub(crate) mod part;
pub(crate) mod read;
pub(crate) mod record;

use std::path::Path;
use std::sync::LazyLock;

use deltalake::kernel::StructField;
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use tokio::runtime::Runtime;
use url::Url;

use crate::table::record::Layout;
use crate::{Error, Result};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("biotope-table")
        .enable_all()
        .build()
        .expect("a runtime with one worker needs only a thread")
});

/// Runs a future of the Delta library to its end.
pub(crate) fn wait<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| scope.spawn(|| RUNTIME.block_on(future)).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Whether there is a table in the folder.
pub(crate) fn exists(path: &Path) -> bool {
    path.join("_delta_log").is_dir() && log::versions(path).is_ok_and(|versions| !versions.is_empty())
}

/// The handle of a table that may not have been written yet.
pub(crate) fn builder(path: &Path) -> Result<DeltaTableBuilder> {
    let absolute = path.canonicalize().map_err(Error::io("open", path))?;
    let url = Url::from_directory_path(&absolute)
        .map_err(|()| DeltaTableError::InvalidTableLocation(absolute.display().to_string()))
        .map_err(Error::table(path))?;
    DeltaTableBuilder::from_url(url).map_err(Error::table(path))
}

/// Refuses a version of a table that another program made of files that are not to be read whole: the rows that it
/// deleted would come back.
pub(crate) fn check_whole(name: &Path, table: &DeltaTable) -> Result<()> {
    let snapshot = table.snapshot().map_err(Error::table(name))?;
    let marked = snapshot.log_data().into_iter().find(|file| file.deletion_vector_descriptor().is_some());
    let Some(file) = marked else { return Ok(()) };
    let why = format!(
        "another program deleted rows of {:?} by a deletion vector; let it rewrite the file (Spark: REORG TABLE ... \
         APPLY (PURGE))",
        file.path()
    );
    Err(Error::Format { path: name.to_owned(), expected: "dataset of ours", why })
}

/// Refuses a table with other columns than those of a layout.
pub(crate) fn check_columns(name: &Path, table: &DeltaTable, layout: Layout) -> Result<()> {
    let schema = table.snapshot().map_err(Error::table(name))?.snapshot().schema();
    let named = |field: &StructField| format!("{} {}", field.name(), field.data_type());
    let there: Vec<String> = schema.fields().map(named).collect();
    let ours: Vec<String> = layout.columns().iter().map(named).collect();
    if there == ours {
        return Ok(());
    }
    let why = format!("it has the columns {}, not {}", there.join(", "), ours.join(", "));
    Err(Error::Format { path: name.to_owned(), expected: "dataset of ours", why })
}

/// The table at a version, or at its newest.
pub(crate) fn load(path: &Path, version: Option<u64>) -> Result<DeltaTable> {
    let missing = |version| Error::NoDataset { path: path.to_owned(), version };
    if !exists(path) {
        return Err(missing(None));
    }
    if version.is_some_and(|version| log::versions(path).is_ok_and(|known| !known.contains(&version))) {
        return Err(missing(version));
    }
    let builder = builder(path)?;
    let builder = match version {
        Some(version) => builder.with_version(version),
        None => builder,
    };
    wait(builder.load()).map_err(Error::table(path))
}
