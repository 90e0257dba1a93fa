//! What belongs to a crawl: by host, by path, by the whole address.

use std::collections::HashSet;

use biotope_core::Invalid;
use regex::Regex;
use url::{Host, Url};

use super::canonical::MAX_ADDRESS;
use super::robots::{Pattern, path};
use super::{WebConfig, regex};
use crate::Result;

/// A host in the spelling of addresses: lower-case, Chinese and others as punycode.
pub(super) fn host(name: &str) -> Result<String, Invalid> {
    let host = Host::parse(name.trim_matches('.'));
    host.map(|host| host.to_string()).map_err(|error| {
        let rule = format!("must be names of hosts, without scheme, port and path: {error}");
        Invalid::new("hosts", rule, format!("{name:?}")).with_hint("hosts = [\"news.example\"]")
    })
}

/// The rules of a configuration.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    whole: Regex,
    hosts: Vec<String>,
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

impl Scope {
    pub(crate) fn new(config: &WebConfig) -> Result<Self> {
        let patterns = |list: &[String]| list.iter().map(|text| Pattern::new(text)).collect();
        let hosts = config.hosts.iter().map(|name| host(name)).collect::<Result<_, _>>()?;
        let (include, exclude) = (patterns(&config.include), patterns(&config.exclude));
        Ok(Self { whole: regex("scope", &config.scope)?, hosts, include, exclude })
    }

    /// Why an address is not followed.
    pub(crate) fn refusal(&self, url: &Url) -> Option<&'static str> {
        let path = path(url);
        let host = url.host_str().unwrap_or_default();
        let below = |known: &String| {
            host.strip_suffix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let rules = [
            (url.as_str().len() > MAX_ADDRESS, "the address is too long"),
            (!self.whole.is_match(url.as_str()), "outside of the scope"),
            (!self.hosts.is_empty() && !self.hosts.iter().any(below), "outside of the hosts"),
            (!self.include.is_empty() && !self.include.iter().any(|p| p.fits(&path)), "not included"),
            (self.exclude.iter().any(|pattern| pattern.fits(&path)), "excluded"),
        ];
        rules.iter().find(|(broken, _)| *broken).map(|(_, why)| *why)
    }

    /// Whether a link is followed: in scope, and to a listed host or, without a list, to one that the start
    /// addresses, feeds and sitemaps know.
    pub(crate) fn follows(&self, url: &Url, known: &HashSet<String>) -> bool {
        let host = url.host_str().unwrap_or_default();
        url.scheme().starts_with("http")
            && (!self.hosts.is_empty() || known.contains(host))
            && self.refusal(url).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_paths() {
        let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        let scope = Scope::new(&WebConfig {
            hosts: list(&["News.example"]),
            include: list(&["/新闻/", "/sport/"]),
            exclude: list(&["/sport/live/", "*.pdf$"]),
            ..WebConfig::default()
        })
        .unwrap();
        let refusal = |url: &str| scope.refusal(&Url::parse(url).unwrap());
        assert_eq!(refusal("https://news.example/sport/1"), None);
        assert_eq!(refusal("https://m.news.example/新闻/1"), None);
        assert_eq!(refusal("https://fakenews.example/sport/1"), Some("outside of the hosts"));
        assert_eq!(refusal("https://news.example/about"), Some("not included"));
        assert_eq!(refusal("https://news.example/sport/live/2"), Some("excluded"));
        assert_eq!(refusal("https://news.example/sport/2.pdf"), Some("excluded"));
        let chinese =
            Scope::new(&WebConfig { hosts: list(&["新闻.example."]), ..WebConfig::default() }).unwrap();
        let refusal_of = |url: &str| chinese.refusal(&Url::parse(url).unwrap());
        assert_eq!(refusal_of("https://新闻.example/1"), None);
        assert_eq!(refusal_of("https://m.xn--efvy88h.example/1"), None);
        assert_eq!(refusal_of("https://news.example/1"), Some("outside of the hosts"));
        let long = format!("https://news.example/sport/{}", "x".repeat(MAX_ADDRESS));
        assert_eq!(refusal(&long), Some("the address is too long"));
    }
}
