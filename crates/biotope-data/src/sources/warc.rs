//! Web archives: the pages of WARC files, as they were when they were archived.

use std::io::BufRead;
use std::path::Path;

use biotope_core::{Config, Document, Invalid};
use serde::{Deserialize, Serialize};

use crate::source::charset::decode;
use crate::source::files::{Paths, in_order, name, open};
use crate::source::warc::{Http, WarcRecord, next};
use crate::source::{Documents, Source};
use crate::{Error, Result};

/// Which archives, and how much of each record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WarcConfig {
    /// One archive or several; gzip, whole or record by record, is recognised.
    pub path: Paths,
    /// Largest page, in bytes after decompression; a larger one is set aside.
    pub max_body_bytes: u64,
}

impl Default for WarcConfig {
    fn default() -> Self {
        Self { path: Paths::default(), max_body_bytes: 5 << 20 }
    }
}

impl Config for WarcConfig {
    const NAME: &'static str = "warc";
    const SUMMARY: &'static str = "pages of web archives (.warc, .warc.gz)";

    fn check(&self) -> Result<(), Invalid> {
        self.path.check()?;
        if self.max_body_bytes == 0 {
            return Err(Invalid::new("max_body_bytes", "must be positive", 0));
        }
        Ok(())
    }
}

/// The source.
#[derive(Clone, Debug)]
pub struct Warc {
    config: WarcConfig,
}

impl Warc {
    /// A source over these archives.
    pub fn new(config: WarcConfig) -> Self {
        Self { config }
    }

    fn file(&self, path: &Path) -> Result<Records<'_>> {
        Ok(Records { config: &self.config, reader: open(path)?, file: name(path), number: 0, done: false })
    }
}

impl Source for Warc {
    fn documents(&self) -> Result<Documents<'_>> {
        in_order(self.config.path.list(), |path| {
            self.file(path).map(|records| Box::new(records) as Documents<'_>)
        })
    }

    fn describe(&self) -> String {
        self.config.path.describe()
    }
}

/// The pages of one archive. Requests, metadata and other records that describe the archive are passed over.
struct Records<'a> {
    config: &'a WarcConfig,
    reader: Box<dyn BufRead + Send>,
    file: String,
    number: u64,
    done: bool,
}

impl Records<'_> {
    /// The document of a record; `None` if the record is none by its kind.
    fn document(&self, record: &WarcRecord) -> Option<Result<Document, String>> {
        let kind = record.field("warc-type").unwrap_or_default();
        let page = match kind {
            "response" if record.field("content-type").is_none_or(|kind| kind.contains("http")) => {
                if record.cut { Err(self.too_large()) } else { record.http(self.config.max_body_bytes) }
            }
            // Its block is the page alone, and the reader lets through what an HTTP header may take besides.
            "resource" if record.block.len() as u64 > self.config.max_body_bytes => Err(self.too_large()),
            "resource" => {
                let kind = record.field("content-type").unwrap_or_default().to_lowercase();
                Ok(Http { status: 200, kind, body: record.block.clone() })
            }
            "revisit" => Err("a revisit record: its page is in another record".into()),
            _ => return None,
        };
        Some(page.and_then(|page| self.page(record, &page)))
    }

    fn too_large(&self) -> String {
        format!("larger than {} bytes", self.config.max_body_bytes)
    }

    fn page(&self, record: &WarcRecord, page: &Http) -> Result<Document, String> {
        if page.status != 200 {
            return Err(format!("status {}", page.status));
        }
        let plain = page.kind.starts_with("text/plain");
        if !(page.kind.is_empty() || page.kind.contains("html") || plain) {
            return Err(format!("type {:?} is no page", page.kind));
        }
        let source = record.field("warc-target-uri").map(|uri| uri.trim_matches(['<', '>']).to_owned());
        let source = source.unwrap_or_else(|| format!("file:{}#{}", self.file, self.number));
        let (text, charset) = decode(&page.body, Some(&page.kind));
        let mut doc = if plain { Document::new(source, text) } else { Document::page(source, text) };
        let said = [
            ("fetched", record.field("warc-date").map(str::to_owned)),
            ("warc-record", record.field("warc-record-id").map(str::to_owned)),
            ("status", Some(page.status.to_string())),
            ("charset", Some(charset.to_owned())),
            ("file", Some(self.file.clone())),
        ];
        doc.meta.extend(said.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        Ok(doc)
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Document>;

    fn next(&mut self) -> Option<Self::Item> {
        // The HTTP header stands before the body, and the body may be packed.
        let limit = self.config.max_body_bytes.saturating_add(1 << 20);
        while !self.done {
            self.number += 1;
            match next(&mut self.reader, limit) {
                Ok(None) => self.done = true,
                Ok(Some(record)) => {
                    if let Some(doc) = self.document(&record) {
                        return Some(doc.map_err(|why| Error::bad(&self.file, Some(self.number), why)));
                    }
                }
                Err(why) => {
                    // Where the next record begins is unknown, so this is the archive's end.
                    self.done = true;
                    return Some(Err(Error::bad(&self.file, Some(self.number), why)));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn record(kind: &str, uri: &str, block: &[u8]) -> Vec<u8> {
        let head = format!(
            "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\nWARC-Date: 2026-11-20T08:00:00Z\r\n\
             Content-Length: {}\r\n\r\n",
            block.len()
        );
        [head.as_bytes(), block, b"\r\n\r\n"].concat()
    }

    fn http(status: u16, kind: &str, body: &[u8]) -> Vec<u8> {
        [format!("HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n\r\n").as_bytes(), body].concat()
    }

    fn archive() -> Vec<Vec<u8>> {
        let gbk = encoding_rs::GBK.encode("<meta charset=gbk><p>小麦期货上涨").0.into_owned();
        vec![
            record("warcinfo", "", b"software: x"),
            record("request", "https://a.example/1", b"GET / HTTP/1.1\r\n\r\n"),
            record("response", "<https://a.example/1>", &http(200, "text/html", &gbk)),
            record("response", "https://a.example/2", &http(404, "text/html", b"gone")),
            record("response", "https://a.example/3.png", &http(200, "image/png", b"png")),
            record("response", "https://a.example/4", &http(200, "text/html", &[b'x'; 3000])),
            record("revisit", "https://a.example/5", b""),
            record("response", "https://a.example/6", &http(200, "text/html", b"<p>last")),
        ]
    }

    fn read(bytes: &[u8]) -> (Vec<Document>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.warc");
        std::fs::write(&path, bytes).unwrap();
        crate::source::read_all(&Warc::new(WarcConfig { path: Paths::One(path), max_body_bytes: 2000 }))
    }

    #[test]
    fn pages_come_out_and_the_rest_is_set_aside() {
        let (good, bad) = read(&archive().concat());
        assert_eq!(good.len(), 2);
        assert_eq!(
            (good[0].source.as_str(), good[0].meta["charset"].as_str()),
            ("https://a.example/1", "GBK")
        );
        assert!(good[0].text.contains("小麦期货上涨") && good[0].meta["fetched"] == "2026-11-20T08:00:00Z");
        assert_eq!(
            bad,
            [
                "bad record at a.warc, line 4: status 404",
                "bad record at a.warc, line 5: type \"image/png\" is no page",
                "bad record at a.warc, line 6: larger than 2000 bytes",
                "bad record at a.warc, line 7: a revisit record: its page is in another record",
            ]
        );
    }

    #[test]
    fn a_resource_has_the_same_limit() {
        let pages =
            [2000, 2001, 2_000_000].map(|size| record("resource", "https://a.example/1", &vec![b'x'; size]));
        let (good, bad) = read(&pages.concat());
        assert_eq!(good.len(), 1);
        assert_eq!(
            bad,
            [2, 3].map(|line| format!("bad record at a.warc, line {line}: larger than 2000 bytes"))
        );
    }

    #[test]
    fn gzip_record_by_record_says_the_same_and_a_cut_archive_its_part() {
        let plain = read(&archive().concat());
        let gzip = |record: &Vec<u8>| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(record).unwrap();
            gzip.finish().unwrap()
        };
        let packed: Vec<u8> = archive().iter().flat_map(gzip).collect();
        assert_eq!(read(&packed), plain);
        let (good, bad) = read(&packed[..packed.len() - 60]);
        assert_eq!((good.len(), bad.len()), (1, plain.1.len() + 1), "{bad:?}");
    }
}
