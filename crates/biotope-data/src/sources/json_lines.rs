//! JSON lines: one object per line, plain or gzip.

use std::collections::BTreeMap;
use std::path::Path;

use biotope_core::{Config, Document, Invalid};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::source::fields::{Columns, Place, named_label};
use crate::source::files::{Lines, Paths, in_order, name, utf8};
use crate::source::{Documents, Source};
use crate::{Error, Result};

/// Which files, and which keys hold what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JsonLinesConfig {
    /// One file or several; gzip is recognised.
    pub path: Paths,
    /// Which key holds what.
    pub columns: Columns,
    /// Names of labels that are written as numbers.
    pub labels: Vec<String>,
    /// How dates are written (`strptime`), if not in a standard way.
    pub date_format: String,
}

impl Config for JsonLinesConfig {
    const NAME: &'static str = "json-lines";
    const SUMMARY: &'static str = "one JSON object per line (.jsonl, .jsonl.gz)";

    fn check(&self) -> Result<(), Invalid> {
        self.path.check()?;
        self.columns.check()
    }
}

/// The source.
#[derive(Clone, Debug)]
pub struct JsonLines {
    config: JsonLinesConfig,
}

impl JsonLines {
    /// A source over these files.
    pub fn new(config: JsonLinesConfig) -> Self {
        Self { config }
    }

    fn file(&self, path: &Path) -> Result<impl Iterator<Item = Result<Document>> + '_ + use<'_>> {
        let file = name(path);
        let lines = Lines::open(path)?
            .filter(|line| !matches!(line, Ok((_, bytes)) if bytes.trim_ascii().is_empty()));
        Ok(lines.map(move |line| {
            let (number, bytes) = line?;
            self.record(&file, number, bytes).map_err(|why| Error::bad(&file, Some(number), why))
        }))
    }

    fn record(&self, file: &str, line: u64, bytes: Vec<u8>) -> std::result::Result<Document, String> {
        let text = utf8(bytes)?;
        let value: Value = serde_json::from_str(&text).map_err(|error| format!("no JSON: {error}"))?;
        let Value::Object(object) = value else { return Err("no JSON object".into()) };
        let fields: BTreeMap<String, String> =
            object.into_iter().filter_map(|(key, value)| plain(value).map(|value| (key, value))).collect();
        let format = Some(self.config.date_format.as_str()).filter(|format| !format.is_empty());
        let mut doc = self.config.columns.document(&Place { file, line, date_format: format }, fields)?;
        named_label(&mut doc, &self.config.labels)?;
        Ok(doc)
    }
}

/// A JSON value as text; null is nothing.
fn plain(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

impl Source for JsonLines {
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
    use std::io::Write;
    use std::path::PathBuf;

    fn source(path: PathBuf) -> JsonLines {
        JsonLines::new(JsonLinesConfig { path: Paths::One(path), ..JsonLinesConfig::default() })
    }

    #[test]
    fn bad_lines_are_named_and_the_rest_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.jsonl");
        let lines: &[&[u8]] = &[
            "{\"text\":\"小麦上涨\",\"label\":\"grain\",\"n\":3,\"date\":\"1987-04-08\"}\n".as_bytes(),
            b"{\"text\": broken}\n",
            b"{\"text\":\"caf\xe9\"}\n",
            b"\n",
            b"{\"title\":\"only\"}\n",
            b"{\"text\":\"last\"}",
        ];
        std::fs::write(&path, lines.concat()).unwrap();
        let source = source(path);
        let (good, bad): (Vec<_>, Vec<_>) = source.documents().unwrap().partition(Result::is_ok);
        let good: Vec<Document> = good.into_iter().map(Result::unwrap).collect();
        assert_eq!((good[0].text.as_str(), good[0].published.as_deref()), ("小麦上涨", Some("1987-04-08")));
        assert_eq!((good[0].meta["n"].as_str(), good[1].source.as_str()), ("3", "file:news.jsonl#6"));
        let bad: Vec<String> = bad.into_iter().map(|error| error.unwrap_err().to_string()).collect();
        assert_eq!(bad[0], "bad record at news.jsonl, line 2: no JSON: expected value at line 1 column 10");
        assert_eq!(bad[1], "bad record at news.jsonl, line 3: invalid UTF-8 after 12 bytes");
        assert_eq!(bad[2], "bad record at news.jsonl, line 5: no field \"text\"");
    }

    #[test]
    fn gzip_is_read_as_plain() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("news.jsonl.gz");
        let mut gzip = flate2::write::GzEncoder::new(
            std::fs::File::create(&path).unwrap(),
            flate2::Compression::default(),
        );
        gzip.write_all(b"{\"text\":\"a\"}\n{\"text\":\"b\"}\n").unwrap();
        gzip.finish().unwrap();
        assert_eq!(source(path).documents().unwrap().map(|doc| doc.unwrap().text).collect::<String>(), "ab");
    }

    #[test]
    fn a_missing_file_says_so() {
        let error = source("nowhere.jsonl".into()).documents().err().unwrap();
        assert_eq!(error.hint().as_deref(), Some("look at the path"));
        assert!(error.to_string().starts_with("cannot read nowhere.jsonl: "), "{error}");
    }
}
