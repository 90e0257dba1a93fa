//! The labels that a person gave, in a file: record id or address, and label.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use biotope_core::{Config, Document, Invalid, RecordId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::label::Labeller;
use crate::source::files::{Lines, open, utf8};
use crate::{Error, Result};

/// Conflicts that an error names.
const SHOWN: usize = 5;

/// Which file, and which of its columns hold what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileConfig {
    /// CSV (with a head), TSV (`.tsv`) or JSON lines (`.jsonl`, `.json`), plain or gzip.
    pub path: PathBuf,
    /// Column of the record id. A row without one goes by its address.
    pub id: String,
    /// Column of the address.
    pub url: String,
    /// Column of the label. A row without one is skipped: nobody has judged it yet.
    pub label: String,
}

impl Default for FileConfig {
    fn default() -> Self {
        Self { path: PathBuf::new(), id: "id".into(), url: "url".into(), label: "label".into() }
    }
}

impl Config for FileConfig {
    const NAME: &'static str = "file";
    const SUMMARY: &'static str = "labels that a person gave: CSV or JSON lines with id or url, and label";

    fn check(&self) -> Result<(), Invalid> {
        if self.path.as_os_str().is_empty() {
            return Err(Invalid::new("path", "must name a file", "\"\"").with_hint("path = \"labels.csv\""));
        }
        if self.label.is_empty() || (self.id.is_empty() && self.url.is_empty()) {
            let got = format!("id = {:?}, url = {:?}, label = {:?}", self.id, self.url, self.label);
            return Err(Invalid::new("label", "needs columns for the label and for id or url", got));
        }
        Ok(())
    }
}

/// What a label is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Id(RecordId),
    Url(String),
}

/// The labels of a file; about 100 bytes each.
#[derive(Debug, Default)]
pub struct LabelFile(HashMap<Key, String>);

/// A row of the file: line, id, address, label.
type Line = (u64, [Option<String>; 3]);

impl LabelFile {
    /// Reads a file. Two labels for one document are an error that names the lines.
    pub fn open(config: &FileConfig) -> Result<Self> {
        let name = config.path.to_string_lossy();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        let lines = match Path::new(plain).extension().and_then(|e| e.to_str()) {
            Some("jsonl" | "json" | "ndjson") => json_lines(config)?,
            Some("tsv") => csv_lines(config, b'\t')?,
            _ => csv_lines(config, b',')?,
        };
        let (mut known, mut conflicts) = (HashMap::<Key, (u64, String)>::new(), Vec::new());
        for (line, [id, url, label]) in lines {
            let Some(label) = label else { continue };
            let key = match (id, url) {
                (Some(id), _) => Key::Id(id.parse().map_err(|why| broken(config, line, why))?),
                (None, Some(url)) => Key::Url(url),
                (None, None) => return Err(broken(config, line, "neither id nor url")),
            };
            match known.get(&key) {
                Some((first, other)) if *other != label => {
                    conflicts.push(format!("line {first} says {other:?}, line {line} {label:?}"));
                }
                Some(_) => {}
                None => {
                    known.insert(key, (line, label));
                }
            }
        }
        if conflicts.is_empty() {
            return Ok(Self(known.into_iter().map(|(key, (_, label))| (key, label)).collect()));
        }
        let more = conflicts.len().saturating_sub(SHOWN);
        conflicts.truncate(SHOWN);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let why = format!("two labels for one document: {}{more}", conflicts.join("; "));
        Err(Error::Format { path: config.path.clone(), expected: "file of labels", why })
    }
}

impl Labeller for LabelFile {
    fn label(&self, doc: &Document) -> Option<String> {
        self.0.get(&Key::Id(doc.id)).or_else(|| self.0.get(&Key::Url(doc.source.clone()))).cloned()
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "callers hand over an error or a text, and are done with it"
)]
fn broken(config: &FileConfig, line: u64, why: impl ToString) -> Error {
    let why = format!("line {line}: {}", why.to_string());
    Error::Format { path: config.path.clone(), expected: "file of labels", why }
}

fn filled(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn csv_lines(config: &FileConfig, delimiter: u8) -> Result<Vec<Line>> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(open(&config.path)?);
    let head = reader.headers().map_err(|error| broken(config, 1, error))?.clone();
    let names: Vec<&str> = head.iter().map(|name| name.trim_start_matches('\u{feff}').trim()).collect();
    let place = |column: &str| names.iter().position(|name| !column.is_empty() && *name == column);
    let places = [place(&config.id), place(&config.url), place(&config.label)];
    for (column, missing) in
        [(&config.label, places[2].is_none()), (&config.url, places[0].is_none() && places[1].is_none())]
    {
        if missing {
            let columns = names.iter().map(|name| (*name).to_owned()).collect();
            return Err(Error::MissingColumn { path: config.path.clone(), column: column.clone(), columns });
        }
    }
    let rows = reader.records().map(|record| {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            broken(config, line, error)
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        Ok((line, places.map(|place| place.and_then(|place| filled(record.get(place)?)))))
    });
    rows.collect()
}

fn json_lines(config: &FileConfig) -> Result<Vec<Line>> {
    let mut has_label = false;
    let mut row = |line: Result<(u64, Vec<u8>)>| {
        let (number, bytes) = line?;
        let text = utf8(bytes).map_err(|why| broken(config, number, why))?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        let value: Value = serde_json::from_str(&text).map_err(|why| broken(config, number, why))?;
        has_label |= value.get(&config.label).is_some();
        let field = |name: &str| match value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(filled(text)),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(broken(config, number, format!("{name:?} is neither a text nor a number"))),
        };
        Ok(Some((number, [field(&config.id)?, field(&config.url)?, field(&config.label)?])))
    };
    let rows: Vec<Line> =
        Lines::open(&config.path)?.filter_map(|line| row(line).transpose()).collect::<Result<_>>()?;
    if has_label || rows.is_empty() {
        return Ok(rows);
    }
    let why = format!("none of its {} lines has a {:?}", rows.len(), config.label);
    Err(Error::Format { path: config.path.clone(), expected: "file of labels", why })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(name: &str, text: &str) -> Result<LabelFile> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        LabelFile::open(&FileConfig { path, ..FileConfig::default() })
    }

    fn why(name: &str, text: &str) -> String {
        match opened(name, text).unwrap_err() {
            Error::Format { why, .. } => why,
            other => other.to_string(),
        }
    }

    #[test]
    fn csv_and_json_lines_say_the_same_and_an_id_goes_before_an_address() {
        let doc = Document::new("https://news.example/1", "国家队赢了");
        let csv =
            format!("\u{feff}id,url,label,by\n{},,体育,王\n,{},other,王\n,https://x,,\n", doc.id, doc.source);
        let json = format!(
            "{{\"id\":\"{}\",\"label\":\"体育\"}}\n\n{{\"url\":\"{}\",\"label\":\"other\"}}\n",
            doc.id, doc.source
        );
        for (name, text) in [("labels.csv", &csv), ("labels.jsonl", &json)] {
            let rule = opened(name, text).unwrap();
            assert_eq!(rule.label(&doc).as_deref(), Some("体育"), "{name}");
            let changed = Document { id: RecordId::of(&[b"new"]), ..doc.clone() };
            assert_eq!(rule.label(&changed).as_deref(), Some("other"), "{name}");
            assert_eq!(rule.label(&Document::new("https://x", "y")), None, "{name}");
        }
    }

    #[test]
    fn conflicts_and_broken_lines_are_named_by_line() {
        assert_eq!(
            why("a.csv", "url,label\nhttps://a,grain\nhttps://b,oil\nhttps://a,原油\nhttps://a,grain\n"),
            "two labels for one document: line 2 says \"grain\", line 4 \"原油\""
        );
        assert_eq!(
            why("a.csv", "id,label\nxyz,grain\n"),
            "line 2: not a record id: \"xyz\", expected 32 hexadecimal digits"
        );
        assert_eq!(why("a.jsonl", "{\"label\":\"x\"}\n"), "line 1: neither id nor url");
        assert_eq!(
            why("a.jsonl", "{\"url\":\"u\",\"lable\":\"x\"}\n{\"url\":\"v\"}\n"),
            "none of its 2 lines has a \"label\""
        );
        assert_eq!(
            why("a.jsonl", "{\"url\":\"u\",\"label\":[3]}\n"),
            "line 1: \"label\" is neither a text nor a number"
        );
        let numbers =
            opened("a.jsonl", "{\"url\":\"u\",\"label\":3}\n{\"url\":\"v\",\"label\":null}\n").unwrap();
        assert_eq!(numbers.label(&Document::new("u", "x")).as_deref(), Some("3"));
        assert!(why("a.jsonl", "{\"label\":\n").starts_with("line 1: EOF while parsing"));
        assert!(why("a.csv", "link,label\nhttps://a,x\n").ends_with("has no column \"url\""));
        assert!(why("a.tsv", "url\tlabel\na\tb\tc\n").starts_with("line 2: "));
    }
}
