//! RSS (0.9 to 2.0), RDF, Atom, CDF and JSON Feed, as they come: well-formed or not.
//!
//! One reader for all of XML's feeds, because real ones break the rules in ways that strict readers refuse: `<rss>`
//! without a version, prefixes and entities that nobody declared, HTML that was never escaped, words before the first
//! tag, UTF-16 that calls itself UTF-8. What can be read of a broken feed is read, and [`Feed::broken`] says where it
//! ended.

mod capture;
mod date;
mod entities;
mod fields;
mod json;
mod text;
mod xml;

use url::Url;

use crate::source::charset;

pub(crate) use date::normal as normal_date;
pub(crate) use text::entity;

/// Most entries of one feed; what is behind them is not read.
pub const MAX_ENTRIES: usize = 100_000;

/// A feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// What it is called.
    pub title: Option<String>,
    /// Language tag, as written.
    pub language: Option<String>,
    /// Its entries, in its order.
    pub entries: Vec<Entry>,
    /// Why it could be read only in part.
    pub broken: Option<String>,
}

/// One entry of a feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The feed's own name for it (`guid`, `id`).
    pub id: Option<String>,
    /// Where the article is.
    pub link: Option<Url>,
    /// Headline, as plain text.
    pub title: Option<String>,
    /// What it is about, as HTML or text.
    pub summary: Option<String>,
    /// The whole article, as HTML or text.
    pub content: Option<String>,
    /// Date of publication (or of the last change, if that is all there is), RFC 3339 or `YYYY-MM-DD`.
    pub published: Option<String>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// What it is filed under.
    pub categories: Vec<String>,
    /// Language tag, as written.
    pub language: Option<String>,
}

/// Reads a feed, or says why it is none. `content_type` is what the server said; relative links are joined to `base`.
///
/// ```
/// let rss = "<rss><channel><item><title>小麦 &uarr;</title><link>/1</link></item>";
/// let base = "https://news.example/feed".parse().unwrap();
/// let feed = biotope_data::source::feed::parse(rss.as_bytes(), None, Some(&base)).unwrap();
/// assert_eq!(feed.entries[0].title.as_deref(), Some("小麦 ↑"));
/// assert_eq!(feed.entries[0].link.as_ref().unwrap().as_str(), "https://news.example/1");
/// ```
pub fn parse(bytes: &[u8], content_type: Option<&str>, base: Option<&Url>) -> Result<Feed, String> {
    let (text, _) = charset::decode_xml(bytes, content_type);
    let text = text.trim_start_matches(['\u{feff}', '\0']).trim_start();
    if text.is_empty() {
        return Err("no feed: it is empty".into());
    }
    if text.starts_with('{') { json::parse(text, base) } else { xml::parse(text, base) }
}

#[cfg(test)]
mod tests;
