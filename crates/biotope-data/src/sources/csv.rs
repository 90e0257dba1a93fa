//! Comma- or tab-separated files with a header, or without one.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

use biotope_core::{Config, Document, Invalid};
use serde::{Deserialize, Serialize};

use crate::source::fields::{Columns, Place, named_label};
use crate::source::files::{Lines, Paths, in_order, name, utf8};
use crate::source::{Documents, Source};
use crate::{Error, Result};

/// Most lines that one quoted record may span.
const MAX_SPAN: usize = 10_000;

/// Which files, how they are written, and which columns hold what.
///
/// An Orange `.tab` file has two more lines after the header: `delimiter = "\t"`, `skip_lines = 2`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CsvConfig {
    /// One file or several; gzip is recognised.
    pub path: Paths,
    /// One ASCII character between fields.
    pub delimiter: char,
    /// Whether the first line names the columns; otherwise they are called `"0"`, `"1"`, ...
    pub header: bool,
    /// Lines to be skipped after the header (or at the beginning, if there is none).
    pub skip_lines: usize,
    /// Whether fields may stand in double quotes.
    pub quoting: bool,
    /// Which column holds what.
    pub columns: Columns,
    /// Names of labels that are written as numbers, from 0.
    pub labels: Vec<String>,
    /// How dates are written (`strptime`), if not in a standard way.
    pub date_format: String,
}

impl Default for CsvConfig {
    fn default() -> Self {
        Self {
            path: Paths::default(),
            delimiter: ',',
            header: true,
            skip_lines: 0,
            quoting: true,
            columns: Columns::default(),
            labels: Vec::new(),
            date_format: String::new(),
        }
    }
}

impl Config for CsvConfig {
    const NAME: &'static str = "csv";
    const SUMMARY: &'static str = "comma- or tab-separated values (.csv, .tsv, .tab, .gz)";

    fn check(&self) -> Result<(), Invalid> {
        self.path.check()?;
        self.columns.check()?;
        if self.delimiter.is_ascii() && !matches!(self.delimiter, '"' | '\n' | '\r') {
            return Ok(());
        }
        Err(Invalid::new("delimiter", "must be one ASCII character", format!("{:?}", self.delimiter)))
    }
}

/// The source.
#[derive(Clone, Debug)]
pub struct Csv {
    config: CsvConfig,
}

impl Csv {
    /// A source over these files.
    pub fn new(config: CsvConfig) -> Self {
        Self { config }
    }

    /// Where a line ends that begins at `from`. Only what spans lines can be broken: a stray quote in one line is text.
    fn scan(&self, line: &[u8], from: At) -> At {
        let delimiter = self.config.delimiter as u8;
        line.iter().fold(from, |at, byte| match (at, *byte) {
            (At::Broken, _) => At::Broken,
            // A quote opens a field only at its start; the second of two goes on inside.
            (At::Start | At::Closed, b'"') => At::Quoted,
            (At::Quoted, byte) => {
                if byte == b'"' {
                    At::Closed
                } else {
                    At::Quoted
                }
            }
            (_, byte) if byte == delimiter => At::Start,
            (At::Closed, _) if from == At::Quoted => At::Broken,
            _ => At::Plain,
        })
    }

    fn file(&self, path: &Path) -> Result<Records<'_>> {
        let (file, waiting) = (name(path), VecDeque::new());
        let mut records = Records {
            csv: self,
            file,
            lines: Lines::open(path)?,
            waiting,
            header: Vec::new(),
            path: path.into(),
        };
        if self.config.header {
            records.read_header()?;
        }
        for _ in 0..self.config.skip_lines {
            records.line();
        }
        Ok(records)
    }
}

impl Source for Csv {
    fn documents(&self) -> Result<Documents<'_>> {
        in_order(self.config.path.list(), |path| {
            self.file(path).map(|records| Box::new(records) as Documents<'_>)
        })
    }

    fn describe(&self) -> String {
        self.config.path.describe()
    }
}

/// The records of one file. A record that does not fit is dropped with its first line only: after an unclosed quote
/// reading goes on at the very next line instead of losing the rest of the file.
struct Records<'a> {
    csv: &'a Csv,
    file: String,
    path: PathBuf,
    lines: Lines,
    waiting: VecDeque<Line>,
    header: Vec<String>,
}

/// A line with its number, from 1.
type Line = (u64, Vec<u8>);

/// Where in a field a byte stands.
#[derive(Clone, Copy, PartialEq)]
enum At {
    Start,
    Plain,
    Quoted,
    Closed,
    /// Behind a closing quote that does not end its field: some quote before was never closed.
    Broken,
}

impl Records<'_> {
    fn line(&mut self) -> Option<Result<Line>> {
        self.waiting.pop_front().map(Ok).or_else(|| self.lines.next())
    }

    fn read_header(&mut self) -> Result<()> {
        let Some(line) = self.line() else { return Ok(()) };
        let (number, bytes) = line?;
        let bad = |why| Error::bad(&self.file, Some(number), why);
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec).unwrap_or(bytes);
        self.header = self.fields(&bytes).map_err(bad)?.iter().map(|name| name.trim().to_owned()).collect();
        for column in self.csv.config.columns.required() {
            if !self.header.contains(column) {
                let (path, column, columns) = (self.path.clone(), column.clone(), self.header.clone());
                return Err(Error::MissingColumn { path, column, columns });
            }
        }
        Ok(())
    }

    /// The lines of the next record: as many as its quotes span, one alone if they do not match up.
    fn span(&mut self) -> Option<Result<Vec<Line>>> {
        let first = match self.line()? {
            Ok(first) => first,
            Err(error) => return Some(Err(error)),
        };
        let mut end = self.csv.scan(&first.1, At::Start);
        let mut lines = vec![first];
        while end == At::Quoted && self.csv.config.quoting {
            let next = if lines.len() < MAX_SPAN { self.line() } else { None };
            match next {
                Some(Ok(next)) => {
                    end = self.csv.scan(&next.1, At::Quoted);
                    lines.push(next);
                }
                Some(Err(error)) => return Some(Err(error)),
                None => end = At::Broken,
            }
            if end == At::Broken {
                let rest = lines.split_off(1);
                rest.into_iter().rev().for_each(|line| self.waiting.push_front(line));
            }
        }
        Some(Ok(lines))
    }

    fn fields(&self, bytes: &[u8]) -> std::result::Result<Vec<String>, String> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.csv.config.delimiter as u8)
            .quoting(self.csv.config.quoting)
            .buffer_capacity(bytes.len().clamp(64, 1 << 16))
            .from_reader(bytes);
        let mut record = csv::ByteRecord::new();
        reader.read_byte_record(&mut record).map_err(|error| error.to_string())?;
        record.iter().map(|field| utf8(field.to_vec())).collect()
    }

    fn record(&self, line: u64, bytes: &[u8]) -> std::result::Result<Document, String> {
        let config = &self.csv.config;
        let fields = self.fields(bytes)?;
        if !self.header.is_empty() && fields.len() != self.header.len() {
            return Err(format!("{} fields, expected {}", fields.len(), self.header.len()));
        }
        let names =
            self.header.iter().cloned().chain((self.header.len()..fields.len()).map(|n| n.to_string()));
        let fields: BTreeMap<String, String> =
            names.zip(fields).filter(|(name, _)| !name.is_empty()).collect();
        let date_format = Some(config.date_format.as_str()).filter(|format| !format.is_empty());
        let mut doc = config.columns.document(&Place { file: &self.file, line, date_format }, fields)?;
        named_label(&mut doc, &config.labels)?;
        Ok(doc)
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Document>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut lines = match self.span()? {
                Ok(lines) => lines,
                Err(error) => return Some(Err(error)),
            };
            let number = lines[0].0;
            if lines.len() == 1 && lines[0].1.trim_ascii().is_empty() {
                continue;
            }
            let bytes = lines.iter().map(|(_, bytes)| bytes.as_slice()).collect::<Vec<_>>().join(&b'\n');
            let open =
                lines.len() == 1 && self.csv.config.quoting && self.csv.scan(&bytes, At::Start) == At::Quoted;
            let record =
                if open { Err("a quote is never closed".into()) } else { self.record(number, &bytes) };
            if record.is_err() {
                lines.drain(1..).rev().for_each(|line| self.waiting.push_front(line));
            }
            return Some(record.map_err(|why| Error::bad(&self.file, Some(number), why)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(config: CsvConfig, content: &[u8]) -> (Vec<Document>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, content).unwrap();
        crate::source::read_all(&Csv::new(CsvConfig { path: Paths::One(path), ..config }))
    }

    #[test]
    fn malformed_lines_cost_themselves_only() {
        let content = b"label,text\n\
            grain,\"Wheat, \"\"up\"\"\nand oats\"\n\
            crude,one,two\n\
            crude,\"never closed\n\
            earn,5\" pipe\n\
            \n\
            earn,caf\xe9\n\
            \xe8\xb0\xb7,\xe5\xb0\x8f\xe9\xba\xa6\n";
        let (good, bad) = read(CsvConfig::default(), content);
        let texts: Vec<_> = good.iter().map(|doc| (doc.source.as_str(), doc.text.as_str())).collect();
        assert_eq!(
            texts,
            [
                ("file:a.csv#2", "Wheat, \"up\"\nand oats"),
                ("file:a.csv#6", "5\" pipe"),
                ("file:a.csv#9", "小麦")
            ]
        );
        assert_eq!(
            bad,
            [
                "bad record at a.csv, line 4: 3 fields, expected 2",
                "bad record at a.csv, line 5: a quote is never closed",
                "bad record at a.csv, line 8: invalid UTF-8 after 3 bytes",
            ]
        );
    }

    #[test]
    fn an_orange_tab_file_is_two_options() {
        let config = CsvConfig { delimiter: '\t', skip_lines: 2, ..CsvConfig::default() };
        let (good, bad) =
            read(config, b"\xef\xbb\xbflabel\ttext\nd\tstring\nclass\tmeta\nearn\tshr 30 cts\n");
        assert_eq!(
            (good[0].label.as_deref(), good[0].text.as_str(), bad.len()),
            (Some("earn"), "shr 30 cts", 0)
        );
    }

    #[test]
    fn without_a_header_columns_are_numbers() {
        let columns = Columns {
            text: crate::source::fields::Names::Many(vec!["1".into(), "2".into()]),
            label: "0".into(),
            ..Columns::default()
        };
        let labels = vec!["World".into(), "Sports".into()];
        let (good, _) =
            read(CsvConfig { header: false, columns, labels, ..CsvConfig::default() }, b"1,a,b\n");
        assert_eq!((good[0].label.as_deref(), good[0].text.as_str()), (Some("Sports"), "a\n\nb"));
    }

    #[test]
    fn a_column_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, "label,texts\n").unwrap();
        let source = Csv::new(CsvConfig { path: Paths::One(path), ..CsvConfig::default() });
        let error = source.documents().err().unwrap();
        assert!(error.to_string().ends_with("a.csv has no column \"text\""), "{error}");
        assert_eq!(error.hint().as_deref(), Some("did you mean \"texts\"?"));
    }
}
