//! Feeds as files: each entry is a document, made of what the feed itself says.

use std::path::Path;

use biotope_core::{Config, Document, Invalid};
use serde::{Deserialize, Serialize};

use crate::source::feed::{Entry, parse};
use crate::source::files::{Paths, in_order, name, open};
use crate::source::{Documents, Source};
use crate::{Error, Result};

/// Which files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeedConfig {
    /// One feed or several (RSS, RDF, Atom, CDF, JSON Feed); gzip is recognised.
    pub path: Paths,
    /// Whether the first category becomes the label.
    pub label_from_category: bool,
    /// Largest file, in bytes after decompression; a larger one is set aside.
    pub max_bytes: u64,
}

impl Default for FeedConfig {
    fn default() -> Self {
        Self { path: Paths::default(), label_from_category: true, max_bytes: 50 << 20 }
    }
}

impl Config for FeedConfig {
    const NAME: &'static str = "feed";
    const SUMMARY: &'static str = "entries of RSS, Atom and JSON feeds on disk";

    fn check(&self) -> Result<(), Invalid> {
        self.path.check()
    }
}

/// The source.
#[derive(Clone, Debug)]
pub struct Feed {
    config: FeedConfig,
}

impl Feed {
    /// A source over these files.
    pub fn new(config: FeedConfig) -> Self {
        Self { config }
    }

    fn file(&self, path: &Path) -> Result<Documents<'_>> {
        use std::io::Read;
        let file = name(path);
        let mut bytes = Vec::new();
        let mut reader = open(path)?.take(self.config.max_bytes + 1);
        let read = reader.read_to_end(&mut bytes).map_err(Error::io("read", path))?;
        let feed = if read as u64 > self.config.max_bytes {
            Err(format!("larger than {} bytes", self.config.max_bytes))
        } else {
            parse(&bytes, None, None)
        };
        let feed = match feed {
            Ok(feed) => feed,
            Err(why) => return Ok(Box::new(std::iter::once(Err(Error::bad(file, None, why))))),
        };
        let (paper, language) = (feed.title, feed.language);
        let broken = feed.broken.map(|why| Err(Error::bad(&file, None, format!("read in part: {why}"))));
        let documents = feed.entries.into_iter().zip(1..).map(move |(entry, number)| {
            let place = format!("{file}#{number}");
            let doc = self.document(entry, &place).map_err(|why| Error::bad(&file, Some(number), why))?;
            let mut doc = Document { language: doc.language.or_else(|| language.clone()), ..doc };
            doc.meta.insert("file".into(), file.clone());
            doc.meta.extend(paper.clone().map(|paper| ("feed-title".to_owned(), paper)));
            Ok(doc)
        });
        Ok(Box::new(documents.chain(broken)))
    }

    fn document(&self, entry: Entry, place: &str) -> Result<Document, String> {
        let text = entry.content.or(entry.summary).filter(|text| !text.trim().is_empty());
        let text = text.ok_or("an entry without content or summary")?;
        let source = entry.link.map_or_else(|| format!("file:{place}"), |link| link.to_string());
        let is_html = text.contains('<') && text.contains('>');
        let mut doc = if is_html { Document::page(source, text) } else { Document::new(source, text) };
        doc.label = entry.categories.first().filter(|_| self.config.label_from_category).cloned();
        (doc.title, doc.published, doc.language) = (entry.title, entry.published, entry.language);
        let named = [
            ("category", entry.categories.join("; ")),
            ("author", entry.authors.join("; ")),
            ("feed-id", entry.id.unwrap_or_default()),
        ];
        let named = named.into_iter().filter(|(_, value)| !value.is_empty());
        doc.meta.extend(named.map(|(key, value)| (key.to_owned(), value)));
        Ok(doc)
    }
}

impl Source for Feed {
    fn documents(&self) -> Result<Documents<'_>> {
        in_order(self.config.path.list(), |path| self.file(path))
    }

    fn describe(&self) -> String {
        self.config.path.describe()
    }
}

#[cfg(test)]
mod tests {
    use biotope_core::MediaType;

    use super::*;

    #[test]
    fn entries_are_documents_and_what_says_nothing_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xml");
        let xml = "<rss><channel><title>麦田报</title><language>zh</language><item><title>小麦</title>\
            <link>https://a.example/1</link><category>谷物</category><description>&lt;p&gt;上涨&lt;/p&gt;</description></item>\
            <item><title>only</title></item><item><description>Oats fall</description></item><item><descr";
        std::fs::write(&path, xml).unwrap();
        let source = Feed::new(FeedConfig { path: Paths::One(path), ..FeedConfig::default() });
        let (good, bad): (Vec<_>, Vec<_>) = source.documents().unwrap().partition(Result::is_ok);
        let good: Vec<Document> = good.into_iter().map(Result::unwrap).collect();
        let bad: Vec<String> = bad.into_iter().map(|error| error.unwrap_err().to_string()).collect();
        assert_eq!((good[0].source.as_str(), good[0].media), ("https://a.example/1", MediaType::Html));
        assert_eq!((good[0].label.as_deref(), good[0].language.as_deref()), (Some("谷物"), Some("zh")));
        assert_eq!((good[1].source.as_str(), good[1].media), ("file:a.xml#3", MediaType::Text));
        assert_eq!(bad[0], "bad record at a.xml, line 2: an entry without content or summary");
        assert!(bad[1].starts_with("bad record at a.xml: read in part: "), "{}", bad[1]);
    }
}
