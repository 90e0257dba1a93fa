//! Files of a source: one path or several, plain or gzip, read line by line without trusting their encoding.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use biotope_core::Invalid;
use serde::{Deserialize, Serialize};

use crate::source::Documents;
use crate::{Error, Result};

/// Longest line that is read into memory; a longer one is a bad record.
pub(crate) const MAX_LINE: usize = 64 << 20;

/// One path or several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Paths {
    /// One file.
    One(PathBuf),
    /// Several files, read in this order.
    Many(Vec<PathBuf>),
}

impl Default for Paths {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Paths {
    /// The paths in order.
    pub fn list(&self) -> &[PathBuf] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Many(paths) => paths,
        }
    }

    /// Refuses none at all.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let named = self.list().iter().filter(|path| !path.as_os_str().is_empty()).count();
        if named > 0 && named == self.list().len() {
            return Ok(());
        }
        Err(Invalid::new("path", "must name at least one file", format!("{:?}", self.list()))
            .with_hint("path = \"news.csv\", or path = [\"a.csv\", \"b.csv\"]"))
    }

    pub(crate) fn describe(&self) -> String {
        match self.list() {
            [one] => one.display().to_string(),
            many => format!("{} files", many.len()),
        }
    }
}

/// The documents of all files, one after another. The first is opened at once, so that a wrong path is seen early.
pub(crate) fn in_order<'a>(
    paths: &'a [PathBuf],
    open: impl Fn(&'a Path) -> Result<Documents<'a>> + 'a,
) -> Result<Documents<'a>> {
    let Some((first, rest)) = paths.split_first() else { return Ok(Box::new(std::iter::empty())) };
    let first = open(first)?;
    let rest = rest.iter().flat_map(move |path| match open(path) {
        Ok(documents) => documents,
        Err(error) => Box::new(std::iter::once(Err(error))),
    });
    Ok(Box::new(first.chain(rest)))
}

/// The last part of a path, for `file:name#line`.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Opens a file, through gzip if its first two bytes say so.
pub(crate) fn open(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    let mut reader = BufReader::with_capacity(1 << 18, File::open(path).map_err(Error::io("read", path))?);
    let gzip = reader.fill_buf().map_err(Error::io("read", path))?.starts_with(&[0x1f, 0x8b]);
    if gzip {
        return Ok(Box::new(BufReader::with_capacity(1 << 18, flate2::bufread::MultiGzDecoder::new(reader))));
    }
    Ok(Box::new(reader))
}

/// The lines of a file as bytes, with their numbers from 1.
pub(crate) struct Lines {
    reader: Box<dyn BufRead + Send>,
    path: PathBuf,
    line: u64,
    done: bool,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Ok(Self { reader: open(path)?, path: path.to_owned(), line: 0, done: false })
    }

    /// The next line, `Ok(None)` at the end.
    fn read(&mut self) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let limit = MAX_LINE as u64 + 1;
        let got = self.reader.by_ref().take(limit).read_until(b'\n', &mut line);
        if got.map_err(Error::io("read", &self.path))? == 0 {
            return Ok(None);
        }
        self.line += 1;
        if line.len() > MAX_LINE {
            self.skip_line()?;
            return Err(Error::bad(
                name(&self.path),
                Some(self.line),
                format!("longer than {MAX_LINE} bytes"),
            ));
        }
        while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            line.pop();
        }
        Ok(Some(line))
    }

    fn skip_line(&mut self) -> Result<()> {
        loop {
            let buffer = self.reader.fill_buf().map_err(Error::io("read", &self.path))?;
            let (used, end) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.reader.consume(used);
            if end {
                return Ok(());
            }
        }
    }
}

impl Iterator for Lines {
    type Item = Result<(u64, Vec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        match self.read() {
            Ok(line) => line.map(|bytes| Ok((self.line, bytes))),
            Err(error) => {
                self.done = !error.is_record();
                Some(Err(error))
            }
        }
    }
}

/// Text without a byte order mark, or why it is none.
pub(crate) fn utf8(bytes: Vec<u8>) -> std::result::Result<String, String> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => Err(format!("invalid UTF-8 after {} bytes", error.utf8_error().valid_up_to())),
    }
}
