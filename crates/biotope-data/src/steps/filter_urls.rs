//! Documents by their address: domains, single addresses, words in them.

use std::collections::HashSet;
use std::path::PathBuf;

use biotope_core::{Config, Document, Invalid, Table};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::lists;
use crate::Result;
use crate::dedup::address::canonical;
use crate::step::{Reason, Step, Verdict};

/// Which addresses are not wanted. A document whose source is no HTTP address is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilterUrls {
    /// If there are any, only these domains and their subdomains stay.
    pub allow: Vec<String>,
    /// Domains that go, with their subdomains.
    pub domains: Vec<String>,
    /// Addresses that go; compared without tracking parameters, fragment and the like.
    pub urls: Vec<String>,
    /// Words (between anything but letters and figures) of which one in the address is enough.
    pub words: Vec<String>,
    /// Words of which `soft_words_needed` different ones must be there.
    pub soft_words: Vec<String>,
    /// How many soft words are enough.
    pub soft_words_needed: usize,
    /// Files with more domains, one a line.
    pub domain_files: Vec<PathBuf>,
    /// Files with more addresses.
    pub url_files: Vec<PathBuf>,
    /// Files with more words.
    pub word_files: Vec<PathBuf>,
}

impl Default for FilterUrls {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            domains: Vec::new(),
            urls: Vec::new(),
            words: Vec::new(),
            soft_words: Vec::new(),
            soft_words_needed: 2,
            domain_files: Vec::new(),
            url_files: Vec::new(),
            word_files: Vec::new(),
        }
    }
}

impl Config for FilterUrls {
    const NAME: &'static str = "filter-urls";
    const SUMMARY: &'static str = "drops documents by domain, address or words in it";

    fn check(&self) -> Result<(), Invalid> {
        if self.soft_words_needed == 0 {
            return Err(Invalid::new("soft_words_needed", "must be positive", 0));
        }
        Ok(())
    }
}

/// The step, its lists read.
#[derive(Debug)]
pub struct Urls {
    config: FilterUrls,
    allow: HashSet<String>,
    domains: HashSet<String>,
    addresses: HashSet<String>,
    words: HashSet<String>,
    soft_words: HashSet<String>,
}

impl FilterUrls {
    /// Reads the files and makes the step.
    pub fn open(mut self) -> Result<Urls> {
        self.domains = lists::gather("domains", &self.domains, &std::mem::take(&mut self.domain_files))?;
        self.urls = lists::gather("urls", &self.urls, &std::mem::take(&mut self.url_files))?;
        self.words = lists::gather("words", &self.words, &std::mem::take(&mut self.word_files))?;
        let lower = |list: &[String]| list.iter().map(|entry| entry.to_lowercase()).collect();
        // As addresses say it: hosts of other letters are in Punycode there.
        let host = |entry: &String| {
            Host::parse(entry).map_or_else(|_| entry.to_lowercase(), |host| host.to_string())
        };
        let hosts = |list: &[String]| list.iter().map(host).collect();
        let addresses = self.urls.iter().map(|url| canonical(url).unwrap_or_else(|| url.clone())).collect();
        Ok(Urls {
            allow: hosts(&self.allow),
            domains: hosts(&self.domains),
            addresses,
            words: lower(&self.words),
            soft_words: lower(&self.soft_words),
            config: self,
        })
    }
}

impl Urls {
    fn why(&self, source: &str) -> Option<String> {
        let url = Url::parse(source).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let host = url.host_str()?;
        if !self.allow.is_empty() && listed(&self.allow, host).is_none() {
            return Some(format!("domain {host} is not among those allowed"));
        }
        if let Some(domain) = listed(&self.domains, host) {
            return Some(format!("domain {domain} is on the list"));
        }
        if !self.addresses.is_empty()
            && canonical(source).is_some_and(|address| self.addresses.contains(&address))
        {
            return Some("its address is on the list".into());
        }
        let lower = source.to_lowercase();
        let parts: HashSet<&str> =
            lower.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
        if let Some(word) = parts.iter().filter(|part| self.words.contains(**part)).min() {
            return Some(format!("word {word:?} of the list in its address"));
        }
        let soft = parts.iter().filter(|part| self.soft_words.contains(**part)).count();
        (soft >= self.config.soft_words_needed)
            .then(|| format!("{soft} soft words of the list in its address"))
    }
}

/// The entry that is the host or a domain above it.
fn listed<'a>(list: &HashSet<String>, host: &'a str) -> Option<&'a str> {
    let mut name = host.trim_end_matches('.');
    loop {
        if list.contains(name) {
            return Some(name);
        }
        name = name.split_once('.')?.1;
    }
}

impl Step for Urls {
    fn name(&self) -> &'static str {
        FilterUrls::NAME
    }

    fn settled(&self) -> Option<Table> {
        lists::inline(&self.config)
    }

    fn apply(&self, doc: Document) -> Verdict {
        match self.why(&doc.source) {
            Some(why) => Verdict::Drop(doc, Reason::new(FilterUrls::NAME, why)),
            None => Verdict::Keep(doc),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|entry| (*entry).to_owned()).collect()
    }

    #[test]
    fn each_list_speaks() {
        let config = FilterUrls {
            domains: list(&["Spam.example", "新闻.example"]),
            urls: list(&["https://ok.example/one"]),
            words: list(&["casino"]),
            soft_words: list(&["win", "free"]),
            ..FilterUrls::default()
        };
        let step = config.open().unwrap();
        let why = |source: &str| step.why(source);
        assert_eq!(why("https://ads.spam.example/x").unwrap(), "domain spam.example is on the list");
        assert_eq!(why("https://notspam.example/x"), None);
        assert_eq!(why("https://news.新闻.example/1").unwrap(), "domain xn--efvy88h.example is on the list");
        assert_eq!(why("http://ok.example/one?utm_source=x#top").unwrap(), "its address is on the list");
        assert_eq!(
            why("https://ok.example/best-casino.html").unwrap(),
            "word \"casino\" of the list in its address"
        );
        assert_eq!(why("https://ok.example/casinos"), None);
        assert_eq!(why("https://ok.example/win-free").unwrap(), "2 soft words of the list in its address");
        assert_eq!(why("file:casino.csv#3"), None);
        let only = FilterUrls { allow: list(&["ok.example"]), ..FilterUrls::default() }.open().unwrap();
        assert_eq!(only.why("https://a.ok.example/"), None);
        assert_eq!(only.why("https://b.example/").unwrap(), "domain b.example is not among those allowed");
    }
}
