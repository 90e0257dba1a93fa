//! What can go wrong, by cause.

use std::io;
use std::path::{Path, PathBuf};

use biotope_core::{Invalid, RecordId, Unknown};

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// One record cannot be used; the run goes on and the record is set aside.
    #[error("bad record at {place}{}: {why}", line.map_or(String::new(), |line| format!(", line {line}")))]
    Bad {
        /// File name or URL.
        place: String,
        /// Line or row, counted from 1.
        line: Option<u64>,
        /// What is wrong with it.
        why: String,
    },
    /// One record breaks a rule of the schema; the run goes on and the record is set aside.
    #[error(
        "bad record at {place}{}: {column} {rule}, got {value:?}",
        line.map_or(String::new(), |line| format!(", line {line}"))
    )]
    Broken {
        /// Its id, and its label if it has one.
        document: Box<(RecordId, Option<String>)>,
        /// File name or URL.
        place: String,
        /// Line or row, counted from 1.
        line: Option<u64>,
        /// The column.
        column: String,
        /// How what stood there begins.
        value: String,
        /// The rule (`"is required"`).
        rule: String,
    },
    /// More records break the schema than may.
    #[error("{broken} of {records} records break the schema, at most {} % may after the first few", allowed * 100.0)]
    TooManyBroken {
        /// Records that do.
        broken: u64,
        /// Records so far.
        records: u64,
        /// Share that may.
        allowed: f64,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {doing} {}: {cause}", path.display())]
    Io {
        /// What was tried (`"read"`, `"write"`).
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A file is not what it should be.
    #[error("{} is no {expected}: {why}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What was expected (`"Parquet file"`).
        expected: &'static str,
        /// What the reader said.
        why: String,
    },
    /// A column that the configuration names is not there.
    #[error("{} has no column {column:?}", path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column that was asked for.
        column: String,
        /// The columns that are there.
        columns: Vec<String>,
    },
    /// A configuration that cannot be used.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A name that no registry knows.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// There is no such dataset, or no such version of it.
    #[error("no dataset at {}{}", path.display(), version.map_or(String::new(), |v| format!(" with version {v}")))]
    NoDataset {
        /// Folder of the table.
        path: PathBuf,
        /// The version that was asked for.
        version: Option<u64>,
    },
    /// The files of a version are gone.
    #[error("version {version} of dataset {} was cleared away", path.display())]
    Cleared {
        /// Folder of the table.
        path: PathBuf,
        /// The version that was asked for.
        version: u64,
    },
    /// The table's log cannot be read or written.
    #[error("dataset table {}: {cause}", path.display())]
    Table {
        /// Folder of the table.
        path: PathBuf,
        /// What the Delta library said.
        #[source]
        cause: Box<deltalake::DeltaTableError>,
    },
    /// No document came out.
    #[error("no documents in {place}: {seen} seen, {set_aside} set aside")]
    Empty {
        /// The source or dataset.
        place: String,
        /// Records that were seen.
        seen: u64,
        /// Records that were set aside.
        set_aside: u64,
    },
    /// A class is too small to be learned and measured.
    #[error("class {label:?} has {count} of the {needed} examples it needs")]
    RareClass {
        /// The label.
        label: String,
        /// How many examples it has.
        count: usize,
        /// How many it needs.
        needed: usize,
    },
    /// A split by time needs dates.
    #[error("{count} of {rows} documents have no date of publication, first {first}")]
    NoDate {
        /// How many have none.
        count: usize,
        /// How many documents there are.
        rows: usize,
        /// The first of them.
        first: String,
    },
    /// A split by source needs something to tell sources apart.
    #[error("none of {rows} documents has a {by:?} to split by")]
    NoGroup {
        /// What was asked for.
        by: String,
        /// How many documents there are.
        rows: usize,
    },
    /// One of the splits would be empty.
    #[error("the {split} split is empty: {why}")]
    EmptySplit {
        /// Which one.
        split: &'static str,
        /// Why.
        why: String,
    },
    /// Another process is at work there.
    #[error("{} is in use by another collection", path.display())]
    Busy {
        /// The folder that it works in.
        path: PathBuf,
    },
    /// An encrypted find cannot be restored.
    #[error("cannot restore the {kind} at byte {byte}")]
    Sealed {
        /// The kind of data.
        kind: String,
        /// Where it stands in the text.
        byte: usize,
    },
    /// Documents to learn from contain documents to test on.
    #[error("{count} documents contain a test document, first {id} with {:.0} % of {test}", share * 100.0)]
    Leak {
        /// How many do.
        count: usize,
        /// The first of them.
        id: RecordId,
        /// The test document that it contains.
        test: RecordId,
        /// How much of it, 0 to 1.
        share: f64,
    },
    /// The test split is opened for measuring only, and every opening is recorded.
    #[error("the test split of {} is sealed", path.display())]
    TestSealed {
        /// Folder of the table.
        path: PathBuf,
    },
    /// The model of a cross-validation failed.
    #[error("cross-validation: {cause}")]
    Model {
        /// What it said.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The HTTP client could not be made.
    #[error("cannot start the HTTP client: {cause}")]
    Client {
        /// What the client said.
        #[source]
        cause: reqwest::Error,
    },
}

impl Error {
    /// Whether only one record is bad, so that the run goes on.
    pub fn is_record(&self) -> bool {
        matches!(self, Self::Bad { .. } | Self::Broken { .. })
    }

    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io { cause, .. } => io_hint(cause),
            Self::Table { cause, .. } => system_cause(cause.as_ref()).and_then(io_hint),
            Self::MissingColumn { column, columns, .. } => Some(column_hint(column, columns)),
            Self::Invalid(invalid) => invalid.hint().map(str::to_owned),
            Self::Unknown(unknown) => unknown.hint().map(str::to_owned),
            Self::NoDataset { version: None, .. } => Some("collect or curate it first".into()),
            Self::NoDataset { version: Some(_), .. } => {
                Some("see its history for the versions it has".into())
            }
            Self::Format { expected: "record of openings", .. } => Some(
                "put it back from a copy; who begins to count anew moves it away, and `_openings.json` in the dataset's \
                 folder with it"
                    .into(),
            ),
            Self::Format { expected: "complete set of shares", .. } => {
                Some("make that share anew, with the same documents, recipe, files and key as here".into())
            }
            Self::Cleared { .. } => Some("open a newer version; `keep_versions` says how many stay".into()),
            Self::Empty { set_aside: 0, .. } => {
                Some("look at the paths or start addresses of the source".into())
            }
            Self::Empty { .. } => Some("the quarantine says why each record was set aside".into()),
            Self::RareClass { .. } => {
                Some("collect more of it, merge it with another label, or set curate.rare = \"drop\"".into())
            }
            Self::Sealed { .. } => Some("it was encrypted with another key, or the text was changed".into()),
            Self::Leak { .. } => Some("set curate.dedup.leaks = \"drop\" to set them aside".into()),
            Self::NoDate { .. } => {
                Some("map a date column in the source, or split with { use = \"stratified\" }".into())
            }
            Self::Busy { .. } => Some("wait until it is done; a recipe names each web source once".into()),
            Self::TooManyBroken { .. } => Some(
                "the quarantine names line, column and rule of each; mend the source or the schema, or raise \
                 schema.max_share"
                    .into(),
            ),
            Self::TestSealed { .. } => Some("learn from \"train\" and \"valid\"; `open_test` measures".into()),
            Self::NoGroup { .. } => Some(
                "by = \"host\" and by = \"site\" need addresses, anything else a meta entry of that name; or split \
                 with { use = \"stratified\" }"
                    .into(),
            ),
            _ => None,
        }
    }

    pub(crate) fn io(doing: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |cause| Self::Io { doing, path, cause }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hand over an error or a text, and are done with it"
    )]
    pub(crate) fn bad(place: impl Into<String>, line: Option<u64>, why: impl ToString) -> Self {
        Self::Bad { place: place.into(), line, why: why.to_string() }
    }

    pub(crate) fn table(path: &Path) -> impl FnOnce(deltalake::DeltaTableError) -> Self {
        let path = path.to_owned();
        move |cause| Self::Table { path, cause: Box::new(cause) }
    }
}

/// The system's error at the bottom of another library's.
fn system_cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a io::Error> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
}

fn io_hint(cause: &io::Error) -> Option<String> {
    Some(match cause.kind() {
        io::ErrorKind::NotFound => "look at the path".into(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder that you may write to, or change its permissions".into()
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space, or put the store on another disk; the former version is untouched".into()
        }
        io::ErrorKind::FileTooLarge => {
            "the system takes no larger file here: see `ulimit -f`, or put the store on another file system"
                .into()
        }
        _ => return None,
    })
}

fn column_hint(column: &str, columns: &[String]) -> String {
    match biotope_core::suggest::nearest(column, columns.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("it has: {}", columns.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(error: &Error) -> String {
        format!("{error} / {}", error.hint().unwrap_or_else(|| "-".into()))
    }

    #[test]
    fn how_each_error_looks() {
        let line = Error::bad("news.csv", Some(7), "3 fields, expected 4");
        assert_eq!(look(&line), "bad record at news.csv, line 7: 3 fields, expected 4 / -");
        assert!(line.is_record());
        let full = Error::io("write", "/data")(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(
            look(&full),
            "cannot write /data: no storage space / free some space, or put the store on another disk; \
             the former version is untouched"
        );
        let denied = deltalake::DeltaTableError::Io { source: io::ErrorKind::PermissionDenied.into() };
        let hint = Error::table(Path::new("a"))(denied).hint();
        assert_eq!(hint.as_deref(), Some("choose a folder that you may write to, or change its permissions"));
        let column = Error::MissingColumn {
            path: "a.csv".into(),
            column: "txet".into(),
            columns: vec!["label".into(), "text".into()],
        };
        assert_eq!(look(&column), "a.csv has no column \"txet\" / did you mean \"text\"?");
        let rare = Error::RareClass { label: "grain".into(), count: 1, needed: 2 };
        assert_eq!(
            look(&rare),
            "class \"grain\" has 1 of the 2 examples it needs / collect more of it, merge it with another \
             label, or set curate.rare = \"drop\""
        );
        let busy = Error::Busy { path: "s/crawls/n".into() };
        assert_eq!(
            look(&busy),
            "s/crawls/n is in use by another collection / wait until it is done; a recipe names each web source once"
        );
        let (id, test) = (RecordId::of(&[b"a"]), RecordId::of(&[b"b"]));
        assert_eq!(
            look(&Error::Leak { count: 2, id, test, share: 0.934 }),
            format!(
                "2 documents contain a test document, first {id} with 93 % of {test} / set curate.dedup.leaks = \
                 \"drop\" to set them aside"
            )
        );
        let none = Error::NoDataset { path: "s/datasets/n".into(), version: Some(3) };
        assert_eq!(
            look(&none),
            "no dataset at s/datasets/n with version 3 / see its history for the versions it has"
        );
    }
}
