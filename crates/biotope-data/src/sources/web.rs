//! Pages, feeds and sitemaps over HTTP, politely: robots.txt, a delay per host, an agent with a contact, limits on
//! everything, and a memory on disk, so that a killed crawl goes on where it was.

use std::path::PathBuf;

use biotope_core::{Document, Invalid, RecordId, Silent};
use regex::Regex;
use url::Url;

use crate::source::{Documents, Memory, Source};
use crate::{Result, html};

mod address;
mod canonical;
mod config;
mod crawl;
mod desk;
mod discover;
mod http;
mod journal;
mod robots;
mod scope;
mod turns;

pub use config::WebConfig;
use crawl::Crawl;
use journal::Journal;
use scope::Scope;

/// Whether a robots.txt lets an agent fetch an address of its host (RFC 9309).
///
/// ```
/// let url = "https://news.example/private/1".parse().unwrap();
/// assert!(!biotope_data::sources::web::allowed(b"User-agent: *\nDisallow: /private/", "biotope", &url));
/// ```
pub fn allowed(robots: &[u8], agent: &str, url: &Url) -> bool {
    robots::Robots::parse(robots, agent).allows(url)
}

/// A page as it came.
#[derive(Clone, Debug)]
struct Page {
    /// Where it was in the end.
    url: Url,
    /// `Content-Type`, lower-case.
    kind: String,
    bytes: Vec<u8>,
    text: String,
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
    scope: Scope,
}

impl Web {
    /// A source over these addresses. Nothing is fetched before [`Source::documents`] is iterated.
    pub fn new(config: WebConfig) -> Result<Self> {
        biotope_core::Config::check(&config)?;
        let (label_from, scope) = (LabelFrom::parse(&config.label_from)?, Scope::new(&config)?);
        Ok(Self { config, label_from, scope })
    }

    fn start(&self) -> Result<Vec<Url>> {
        Ok(self.config.start.iter().map(|start| parse_start(start)).collect::<Result<_, _>>()?)
    }

    /// Where this crawl is remembered: by what is collected, not by how, so that a change of delays goes on with it.
    fn folder(&self, memory: &Memory<'_>) -> PathBuf {
        let config = &self.config;
        let lists = [&config.start, &config.hosts, &config.include, &config.exclude];
        let what = serde_json::json!([lists, config.scope, config.label_from, config.sitemaps]).to_string();
        memory.folder.join(RecordId::of(&[what.as_bytes()]).to_string())
    }
}

impl Source for Web {
    fn documents(&self) -> Result<Documents<'_>> {
        Ok(Box::new(Crawl::new(self, self.start()?, None, &Silent)?))
    }

    fn resume<'a>(&'a self, memory: &Memory<'a>) -> Result<Documents<'a>> {
        Ok(Box::new(Crawl::new(self, self.start()?, Some(self.folder(memory)), memory.progress)?))
    }

    fn settle(&self, memory: &Memory<'_>) -> Result<()> {
        Journal::settle(&self.folder(memory))
    }

    fn describe(&self) -> String {
        self.config.start.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use biotope_core::Config;

    use super::*;

    fn error(config: &WebConfig) -> String {
        config.check().unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_fetched_is_refused_at_the_door() {
        let with = |start: &str| WebConfig { start: vec![start.into()], ..WebConfig::default() };
        assert_eq!(error(&WebConfig::default()), "invalid start: must name a feed, sitemap or page, got []");
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
