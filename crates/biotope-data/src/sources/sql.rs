//! Tables of a SQL database: `SQLite` files, read-only, a table or a query.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use biotope_core::{Config, Document, Invalid};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};
use serde::{Deserialize, Serialize};

use crate::source::fields::{Columns, Place, named_label};
use crate::source::files::name;
use crate::source::{Documents, Source};
use crate::{Error, Result};

/// Rows that are read ahead.
const AHEAD: usize = 256;

/// Which database, which rows, and which columns hold what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SqlConfig {
    /// The `SQLite` file. It is opened for reading only.
    pub path: PathBuf,
    /// A table or view, all rows of which are read.
    pub table: String,
    /// A query instead of a table. With `ORDER BY` its rows come in the same order each time.
    pub query: String,
    /// Which column holds what.
    pub columns: Columns,
    /// Names of labels that are stored as numbers, from 0.
    pub labels: Vec<String>,
    /// How dates are written (`strptime`), if not in a standard way.
    pub date_format: String,
}

impl Config for SqlConfig {
    const NAME: &'static str = "sql";
    const SUMMARY: &'static str = "a table or query of a SQLite database, read-only";

    fn check(&self) -> Result<(), Invalid> {
        if self.path.as_os_str().is_empty() {
            return Err(Invalid::new("path", "must name a SQLite file", "\"\""));
        }
        if self.table.is_empty() == self.query.is_empty() {
            let given = format!("table = {:?}, query = {:?}", self.table, self.query);
            let hint = "table = \"articles\", or query = \"SELECT body AS text FROM articles ORDER BY id\"";
            return Err(Invalid::new("table", "must be named, or else a query", given).with_hint(hint));
        }
        self.columns.check()
    }
}

/// The source.
#[derive(Clone, Debug)]
pub struct Sql {
    config: SqlConfig,
}

impl Sql {
    /// A source over this table or query.
    pub fn new(config: SqlConfig) -> Self {
        Self { config }
    }

    fn statement(&self) -> String {
        if self.config.query.is_empty() {
            format!("SELECT * FROM \"{}\"", self.config.table.replace('"', "\"\""))
        } else {
            self.config.query.clone()
        }
    }
}

impl Source for Sql {
    fn documents(&self) -> Result<Documents<'_>> {
        let (send, rows) = sync_channel(AHEAD);
        let (config, statement) = (self.config.clone(), self.statement());
        // A statement borrows its connection, so both live on a thread of their own.
        std::thread::spawn(move || {
            if let Err(error) = read(&config, &statement, &send) {
                // Nobody listens any more: then there is nobody to tell.
                let _ = send.send(Err(error));
            }
        });
        // The first message tells whether the database and its columns are there at all.
        match rows.recv() {
            Ok(Ok(None)) | Err(_) => {}
            Ok(Ok(Some(_))) => unreachable!("the first message is not a row"),
            Ok(Err(error)) => return Err(error),
        }
        Ok(Box::new(Rows { rows }))
    }

    fn describe(&self) -> String {
        format!("{} {}", self.config.path.display(), self.statement())
    }
}

/// A message of the reading thread: that it has begun (`None`), or a document.
type Message = Result<Option<Document>>;

struct Rows {
    rows: Receiver<Message>,
}

impl Iterator for Rows {
    type Item = Result<Document>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.recv().ok()?.transpose()
    }
}

fn read(config: &SqlConfig, statement: &str, send: &SyncSender<Message>) -> Result<()> {
    let path = config.path.as_path();
    let broken = |error: rusqlite::Error| Error::Format {
        path: path.to_owned(),
        expected: "SQLite database with that table or query",
        why: error.to_string(),
    };
    let connection = open(path)?;
    let mut prepared = connection.prepare(statement).map_err(broken)?;
    if !prepared.readonly() {
        return Err(Invalid::new("query", "must only read", statement.to_owned()).into());
    }
    let columns: Vec<String> = prepared.column_names().into_iter().map(str::to_owned).collect();
    if let Some(column) = config.columns.required().iter().find(|column| !columns.contains(column)) {
        return Err(Error::MissingColumn { path: path.to_owned(), column: column.clone(), columns });
    }
    let file = name(path);
    let mut rows = prepared.query([]).map_err(broken)?;
    let mut told = send.send(Ok(None));
    let mut number = 0;
    while let (Ok(()), Some(row)) = (&told, rows.next().map_err(broken)?) {
        number += 1;
        let doc = document(config, &file, number, &columns, row);
        told = send.send(doc.map(Some).map_err(|why| Error::bad(&file, Some(number), why)));
    }
    Ok(())
}

fn open(path: &Path) -> Result<Connection> {
    // SQLite's own message does not tell a missing file from a broken one.
    std::fs::File::open(path).map_err(Error::io("read", path))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|error| Error::Format {
        path: path.to_owned(),
        expected: "SQLite database",
        why: error.to_string(),
    })
}

fn document(
    config: &SqlConfig,
    file: &str,
    line: u64,
    columns: &[String],
    row: &Row<'_>,
) -> std::result::Result<Document, String> {
    let mut fields = BTreeMap::new();
    for (at, column) in columns.iter().enumerate() {
        let value = row.get_ref(at).map_err(|error| error.to_string())?;
        if let Some(text) = plain(value).map_err(|why| format!("column {column:?}: {why}"))? {
            fields.insert(column.clone(), text);
        }
    }
    let date_format = Some(config.date_format.as_str()).filter(|format| !format.is_empty());
    let mut doc = config.columns.document(&Place { file, line, date_format }, fields)?;
    named_label(&mut doc, &config.labels)?;
    Ok(doc)
}

/// A value as text; null and bytes are nothing.
fn plain(value: ValueRef<'_>) -> std::result::Result<Option<String>, String> {
    Ok(match value {
        ValueRef::Null | ValueRef::Blob(_) => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes);
            Some(
                text.map_err(|error| format!("invalid UTF-8 after {} bytes", error.valid_up_to()))?
                    .to_owned(),
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(folder: &Path) -> PathBuf {
        let path = folder.join("news.db");
        let connection = Connection::open(&path).unwrap();
        let script = "CREATE TABLE \"my news\" (id INTEGER PRIMARY KEY, text TEXT, title TEXT, label INTEGER, photo BLOB);
            INSERT INTO \"my news\" VALUES (1, '小麦期货上涨', '要闻', 1, x'00ff'), (2, NULL, 'no text', 0, NULL),
            (3, CAST(x'636166e9' AS TEXT), 'latin', 0, NULL), (4, 'Oats fall', NULL, 0, NULL);";
        connection.execute_batch(script).unwrap();
        path
    }

    fn read(config: SqlConfig) -> (Vec<Document>, Vec<String>) {
        crate::source::read_all(&Sql::new(config))
    }

    #[test]
    fn a_table_is_read_row_by_row_and_bad_rows_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let labels = vec!["World".into(), "Grain".into()];
        let path = database(folder.path());
        let (good, bad) = read(SqlConfig { path, table: "my news".into(), labels, ..SqlConfig::default() });
        assert_eq!((good[0].text.as_str(), good[0].label.as_deref()), ("小麦期货上涨", Some("Grain")));
        assert_eq!((good[1].source.as_str(), good[1].meta["id"].as_str()), ("file:news.db#4", "4"));
        assert_eq!(
            bad,
            [
                "bad record at news.db, line 2: no field \"text\"",
                "bad record at news.db, line 3: column \"text\": invalid UTF-8 after 3 bytes",
            ]
        );
    }

    #[test]
    fn a_query_names_its_columns_and_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = database(folder.path());
        let with =
            |query: &str| SqlConfig { path: path.clone(), query: query.into(), ..SqlConfig::default() };
        let (good, _) = read(with("SELECT title AS text FROM \"my news\" WHERE id < 3 ORDER BY id DESC"));
        assert_eq!(good.iter().map(|doc| doc.text.as_str()).collect::<Vec<_>>(), ["no text", "要闻"]);
        let error = |query: &str| Sql::new(with(query)).documents().err().unwrap().to_string();
        assert!(error("DELETE FROM \"my news\"").starts_with("invalid query: must only read"));
        assert!(error("SELECT title FROM \"my news\"").ends_with("has no column \"text\""));
        assert!(error("SELECT text FROM nowhere").contains("no such table"));
        assert!(error("SELECT 1 AS text; DROP TABLE \"my news\"").contains("SQLite database"));
        let missing = SqlConfig { path: "nowhere.db".into(), table: "t".into(), ..SqlConfig::default() };
        let error = Sql::new(missing).documents().err().unwrap();
        assert_eq!(error.hint().as_deref(), Some("look at the path"));
    }

    #[test]
    fn one_of_table_and_query() {
        let both =
            SqlConfig { path: "a.db".into(), table: "t".into(), query: "q".into(), ..SqlConfig::default() };
        for config in [both, SqlConfig { path: "a.db".into(), ..SqlConfig::default() }] {
            assert!(config.check().unwrap_err().to_string().contains("must be named, or else a query"));
        }
    }
}
