//! Pages and feeds over HTTP, politely: robots.txt, a delay per host, an agent with a contact, limits on everything.

use biotope_core::{Config, Document, Invalid};
use regex::Regex;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::source::{Documents, Source};
use crate::{Result, html};

mod address;
mod crawl;
mod discover;
mod fetch;
mod polite;

use crawl::Crawl;

/// What is fetched, and how.
///
/// A start address may be a feed (RSS, Atom, JSON Feed), whose items are fetched in its order, or a page, which is a
/// document itself and may name feeds. Documents come in the order of discovery, however many connections there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebConfig {
    /// Where to start: feeds or pages.
    pub start: Vec<String>,
    /// Most pages that are fetched.
    pub max_pages: usize,
    /// How many links away from a start page or feed item pages are followed; 0 follows feeds only.
    pub depth: usize,
    /// Which addresses are followed: a regular expression on the whole address. Links lead to known hosts only.
    pub scope: String,
    /// Least time between two requests to one host, in milliseconds; robots.txt may ask for more.
    pub delay_ms: u64,
    /// Connections at the same time. Those to one host still wait for each other's delay.
    pub concurrency: usize,
    /// Name of the agent, which robots.txt speaks to.
    pub agent: String,
    /// Where a webmaster can complain: an address that is sent along.
    pub contact: String,
    /// Largest page, in bytes after decompression.
    pub max_body_bytes: u64,
    /// Most redirects of one page.
    pub max_redirects: usize,
    /// Longest wait for one answer, in seconds.
    pub timeout_seconds: u64,
    /// How often a page is asked for again after 429, 5xx or a broken connection.
    pub retries: usize,
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
            max_pages: 1_000,
            depth: 0,
            scope: String::new(),
            delay_ms: 1_000,
            concurrency: 4,
            agent: "biotope".into(),
            contact: "https://github.com/biotope-rs/biotope".into(),
            max_body_bytes: 5 << 20,
            max_redirects: 5,
            timeout_seconds: 30,
            retries: 2,
            allow_private: false,
            label_from: String::new(),
        }
    }
}

impl Config for WebConfig {
    const NAME: &'static str = "web";
    const SUMMARY: &'static str = "pages and RSS/Atom feeds over HTTP, politely";

    fn check(&self) -> Result<(), Invalid> {
        if self.start.is_empty() {
            let hint = "start = [\"https://news.example/feed.xml\"]";
            return Err(Invalid::new("start", "must name a feed or page", "[]").with_hint(hint));
        }
        self.start.iter().try_for_each(|start| parse_start(start).map(|_| ()))?;
        let positive = [
            ("max_pages", self.max_pages as u64),
            ("concurrency", self.concurrency as u64),
            ("max_body_bytes", self.max_body_bytes),
            ("timeout_seconds", self.timeout_seconds),
        ];
        for (field, value) in positive {
            if value == 0 {
                return Err(Invalid::new(field, "must be positive", 0));
            }
        }
        let sendable = |text: &str| !text.is_empty() && text.chars().all(|c| (' '..='~').contains(&c));
        if !sendable(&self.agent) || !sendable(&self.contact) {
            let given = format!("{:?}, {:?}", self.agent, self.contact);
            return Err(Invalid::new("agent", "must be printable ASCII, with a contact", given));
        }
        regex("scope", &self.scope)?;
        LabelFrom::parse(&self.label_from).map(|_| ())
    }
}

fn parse_start(start: &str) -> Result<Url, Invalid> {
    let invalid = |why: &str| {
        Invalid::new("start", format!("must be an http or https address: {why}"), format!("{start:?}"))
    };
    let url = Url::parse(start).map_err(|error| invalid(&error.to_string()))?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(invalid("another scheme")) }
}

fn regex(field: &str, text: &str) -> Result<Regex, Invalid> {
    Regex::new(text).map_err(|error| {
        Invalid::new(field, "must be a regular expression", format!("{text:?}")).with_hint(error.to_string())
    })
}

/// Where a label comes from.
#[derive(Clone, Debug)]
pub(crate) enum LabelFrom {
    Nowhere,
    Category,
    Meta(String),
    Url(Regex),
}

impl LabelFrom {
    fn parse(text: &str) -> Result<Self, Invalid> {
        match text.split_once(':') {
            None if text.is_empty() => Ok(Self::Nowhere),
            None if text == "category" => Ok(Self::Category),
            Some(("meta", name)) if !name.is_empty() => Ok(Self::Meta(name.to_owned())),
            Some(("url", pattern)) => regex("label_from", pattern).map(Self::Url),
            _ => {
                let rule = "must be \"category\", \"meta:NAME\" or \"url:REGEX\"";
                Err(Invalid::new("label_from", rule, format!("{text:?}")))
            }
        }
    }

    /// The label of a page, of whose HTML and meta data it knows.
    pub(crate) fn label(&self, doc: &Document) -> Option<String> {
        let found = match self {
            Self::Nowhere => None,
            Self::Category => {
                doc.meta.get("category").and_then(|all| all.split("; ").next()).map(str::to_owned)
            }
            Self::Meta(name) => html::meta(&doc.text, name).or_else(|| doc.meta.get(name).cloned()),
            Self::Url(pattern) => pattern.captures(&doc.source).map(|found| {
                found.get(1).map_or_else(|| found[0].to_owned(), |group| group.as_str().to_owned())
            }),
        };
        found.map(|label| label.trim().to_owned()).filter(|label| !label.is_empty())
    }
}

/// The source.
#[derive(Debug)]
pub struct Web {
    config: WebConfig,
    label_from: LabelFrom,
    scope: Regex,
}

impl Web {
    /// A source over these addresses. Nothing is fetched before [`Source::documents`] is iterated.
    pub fn new(config: WebConfig) -> Result<Self> {
        config.check()?;
        let (label_from, scope) = (LabelFrom::parse(&config.label_from)?, regex("scope", &config.scope)?);
        Ok(Self { config, label_from, scope })
    }
}

impl Source for Web {
    fn documents(&self) -> Result<Documents<'_>> {
        let start =
            self.config.start.iter().map(|start| parse_start(start)).collect::<Result<Vec<_>, _>>()?;
        Ok(Box::new(Crawl::new(&self.config, &self.label_from, &self.scope, start)?))
    }

    fn describe(&self) -> String {
        self.config.start.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(config: &WebConfig) -> String {
        config.check().unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_fetched_is_refused_at_the_door() {
        let with = |start: &str| WebConfig { start: vec![start.into()], ..WebConfig::default() };
        assert_eq!(error(&WebConfig::default()), "invalid start: must name a feed or page, got []");
        assert!(error(&with("ftp://a.example")).contains("another scheme"));
        assert!(error(&with("news")).contains("relative URL without a base"));
        let odd = WebConfig { label_from: "colour".into(), ..with("https://a.example") };
        assert!(error(&odd).contains("must be \"category\""));
    }

    #[test]
    fn each_place_of_a_label() {
        let mut doc =
            Document::page("https://a.example/sport/1", "<META content='体育' property=\"article:section\">");
        doc.meta.insert("category".into(), "grain; wheat".into());
        let label = |from: &str| LabelFrom::parse(from).unwrap().label(&doc);
        assert_eq!(label("category").as_deref(), Some("grain"));
        assert_eq!(label("meta:article:section").as_deref(), Some("体育"));
        assert_eq!(label("url:example/([a-z]+)/").as_deref(), Some("sport"));
        assert_eq!(label(""), None);
    }
}
