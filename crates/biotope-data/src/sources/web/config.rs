//! What is fetched, and how.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

use super::canonical::TRACKING;
use super::scope::host;
use super::{LabelFrom, parse_start, regex};

/// What is fetched, and how.
///
/// A start address may be a feed (RSS, Atom, JSON Feed) or a sitemap, whose items are fetched in its order, or a page, which
/// is a document itself and may name feeds. Documents come in the order of discovery, however many connections there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebConfig {
    /// Where to start: feeds, sitemaps (also `.xml.gz`) or pages.
    pub start: Vec<String>,
    /// Whether the sitemaps that robots.txt of the start addresses names are read, too.
    pub sitemaps: bool,
    /// Most pages that are fetched.
    pub max_pages: usize,
    /// How many links away from a start page or feed item pages are followed; 0 follows feeds and sitemaps only.
    pub depth: usize,
    /// Which addresses are followed: a regular expression on the whole address.
    pub scope: String,
    /// Hosts to which links may lead, with all below them (`"news.example"`: also `m.news.example`). Without any, links lead
    /// to the hosts of the start addresses and of their feeds' and sitemaps' items.
    pub hosts: Vec<String>,
    /// Paths that are followed, in the manner of robots.txt: a beginning, `*` for any text, `$` for the end. None: all.
    pub include: Vec<String>,
    /// Paths that are not followed, in the same manner; they count before `include`.
    pub exclude: Vec<String>,
    /// Parameters that are cut out of addresses, because they tell where a reader came from; a last `*` is any end.
    pub tracking: Vec<String>,
    /// Least time between two requests to one host, in milliseconds; robots.txt may ask for more.
    pub delay_ms: u64,
    /// Requests to one host at the same time.
    pub per_host: usize,
    /// Connections at the same time, to all hosts together.
    pub concurrency: usize,
    /// Name of the agent, which robots.txt speaks to.
    pub agent: String,
    /// Where a webmaster can complain: an address (page or mail) that is sent along.
    pub contact: String,
    /// Largest page, in bytes after decompression.
    pub max_body_bytes: u64,
    /// Largest feed or sitemap, in bytes after decompression.
    pub max_list_bytes: u64,
    /// Most redirects of one page.
    pub max_redirects: usize,
    /// Longest wait for one answer, in seconds; at most 3,600.
    pub timeout_seconds: u64,
    /// How often a page is asked for again after 429, 5xx or a broken connection.
    pub retries: usize,
    /// The wait before the second try, in milliseconds; it doubles from try to try. `Retry-After` counts before it.
    pub backoff_ms: u64,
    /// Longest wait before another try, in seconds; a page whose server asks for more is set aside.
    pub max_wait_seconds: u64,
    /// Whether loopback and private addresses may be fetched. Off, so that a page cannot lead into a network.
    pub allow_private: bool,
    /// Where the label comes from: `"category"` (of the feed item), `"meta:NAME"` (a `<meta>` of the page, or meta
    /// data), or `"url:REGEX"` (first group).
    pub label_from: String,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            start: Vec::new(),
            sitemaps: false,
            max_pages: 1_000,
            depth: 0,
            scope: String::new(),
            hosts: Vec::new(),
            include: Vec::new(),
            exclude: Vec::new(),
            tracking: TRACKING.iter().map(|name| (*name).to_owned()).collect(),
            delay_ms: 1_000,
            per_host: 1,
            concurrency: 4,
            agent: "biotope".into(),
            contact: "https://github.com/biotope-rs/biotope".into(),
            max_body_bytes: 5 << 20,
            max_list_bytes: 50 << 20,
            max_redirects: 5,
            timeout_seconds: 30,
            retries: 2,
            backoff_ms: 1_000,
            max_wait_seconds: 120,
            allow_private: false,
            label_from: String::new(),
        }
    }
}

impl Config for WebConfig {
    const NAME: &'static str = "web";
    const SUMMARY: &'static str = "pages, feeds and sitemaps over HTTP, politely";

    fn check(&self) -> Result<(), Invalid> {
        if self.start.is_empty() {
            let hint = "start = [\"https://news.example/feed.xml\"]";
            return Err(Invalid::new("start", "must name a feed, sitemap or page", "[]").with_hint(hint));
        }
        self.start.iter().try_for_each(|start| parse_start(start).map(|_| ()))?;
        let positive = [
            ("max_pages", self.max_pages as u64),
            ("per_host", self.per_host as u64),
            ("concurrency", self.concurrency as u64),
            ("max_body_bytes", self.max_body_bytes),
            ("max_list_bytes", self.max_list_bytes),
            ("timeout_seconds", self.timeout_seconds),
        ];
        for (field, value) in positive {
            if value == 0 {
                return Err(Invalid::new(field, "must be positive", 0));
            }
        }
        let bounded =
            [("concurrency", self.concurrency as u64, 256), ("timeout_seconds", self.timeout_seconds, 3_600)];
        for (field, value, most) in bounded {
            if value > most {
                return Err(Invalid::new(field, format!("must be at most {most}"), value));
            }
        }
        let sent = [
            ("agent", &self.agent, "must be printable ASCII"),
            ("contact", &self.contact, "must be an address, in printable ASCII"),
        ];
        for (field, text, rule) in sent {
            if text.is_empty() || !text.chars().all(|c| (' '..='~').contains(&c)) {
                return Err(Invalid::new(field, rule, format!("{text:?}")));
            }
        }
        self.hosts.iter().try_for_each(|name| host(name).map(|_| ()))?;
        regex("scope", &self.scope)?;
        LabelFrom::parse(&self.label_from).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_is_told_of_its_own_field() {
        let good = WebConfig { start: vec!["https://a.example".into()], ..WebConfig::default() };
        assert!(WebConfig { timeout_seconds: 3_600, ..good.clone() }.check().is_ok());
        for (bad, said) in [
            (
                WebConfig { agent: "小麦".into(), ..good.clone() },
                "invalid agent: must be printable ASCII, got \"小麦\"",
            ),
            (
                WebConfig { contact: String::new(), ..good.clone() },
                "invalid contact: must be an address, in printable ASCII, got \"\"",
            ),
            (
                WebConfig { timeout_seconds: u64::MAX, ..good.clone() },
                "invalid timeout_seconds: must be at most 3600, got 18446744073709551615",
            ),
            (
                WebConfig { concurrency: 257, ..good.clone() },
                "invalid concurrency: must be at most 256, got 257",
            ),
            (
                WebConfig { hosts: vec!["https://a.example".into()], ..good.clone() },
                "invalid hosts: must be names of hosts, without scheme, port and path: invalid international domain name, got \"https://a.example\"",
            ),
        ] {
            assert_eq!(bad.check().unwrap_err().to_string(), said);
        }
    }
}
