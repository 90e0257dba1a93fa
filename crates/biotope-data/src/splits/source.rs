//! Whole sources: no site has articles on both sides.
//!
//! A model that is tested on sites that it has read learns their turns of phrase; this split asks how it does on a
//! site that it has never seen.

use biotope_core::{Config, Document, Invalid, Seed};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::split::{Split, SplitRow, Splitter, balance, check_filled, check_fractions};
use crate::{Error, Result};

/// Fractions of the rows, by whole hosts, sites or values of a meta entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Source {
    /// What stays together: `"host"` or `"site"` of the address, or any meta entry (`"author"`, `"file"`).
    pub by: String,
    /// Fraction for choosing by.
    pub valid: f64,
    /// Fraction for reporting on.
    pub test: f64,
}

impl Default for Source {
    fn default() -> Self {
        Self { by: "site".into(), valid: 0.1, test: 0.1 }
    }
}

impl Config for Source {
    const NAME: &'static str = "source";
    const SUMMARY: &'static str = "test on sites (or hosts, authors, ...) that training never sees";

    fn check(&self) -> Result<(), Invalid> {
        check_fractions(&[("valid", self.valid), ("test", self.test)])?;
        if self.by.is_empty() {
            let none = Invalid::new("by", "must be \"host\", \"site\" or a meta entry", "\"\"");
            return Err(none.with_hint("by = \"site\""));
        }
        Ok(())
    }
}

impl Splitter for Source {
    fn group(&self, doc: &Document) -> Option<String> {
        match self.by.as_str() {
            "host" => host(&doc.source),
            "site" => host(&doc.source).map(|host| site(&host).to_owned()),
            meta => doc.meta.get(meta).cloned(),
        }
    }

    fn assign(&self, rows: &[SplitRow], seed: Seed) -> Result<Vec<Split>> {
        let keys: Vec<Option<&str>> = rows.iter().map(|row| row.group.as_deref()).collect();
        if keys.iter().all(Option::is_none) {
            return Err(Error::NoGroup { by: self.by.clone(), rows: rows.len() });
        }
        let shares = [1.0 - self.test - self.valid, self.test, self.valid];
        let parts = balance::deal(rows, &keys, &shares, seed);
        let splits: Vec<Split> =
            parts.into_iter().map(|part| [Split::Train, Split::Test, Split::Valid][part]).collect();
        let few = "there are too few of them, or one has nearly all documents";
        let wanted = [(Split::Train, 1.0), (Split::Test, self.test), (Split::Valid, self.valid)];
        let wanted: Vec<_> =
            wanted.iter().filter(|(_, share)| *share > 0.0).map(|(s, _)| (*s, few)).collect();
        check_filled(&splits, &wanted)?;
        Ok(splits)
    }
}

/// The host of an address, without `www.`.
fn host(source: &str) -> Option<String> {
    let url = Url::parse(source).ok()?;
    let host = url.host_str()?;
    Some(host.strip_prefix("www.").unwrap_or(host).to_owned())
}

/// The part of a host that somebody registers: its last two labels, or three where the second is one that countries
/// register below (`com.cn`, `co.uk`). An approximation of the public suffix list, which errs towards larger groups.
fn site(host: &str) -> &str {
    const BELOW: &[&str] = &["ac", "co", "com", "edu", "gov", "ne", "net", "or", "org"];
    if host.parse::<std::net::IpAddr>().is_ok() || host.starts_with('[') {
        return host;
    }
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let (last, second, third) = (dots.next(), dots.next(), dots.next());
    let after = |dot: Option<usize>| dot.map_or(host, |dot| &host[dot + 1..]);
    let country = after(last).len() == 2;
    let below = after(second).split('.').next().is_some_and(|label| BELOW.contains(&label));
    if country && below { after(third) } else { after(second) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use biotope_core::RecordId;
    use proptest::prelude::*;
    use std::collections::HashMap;

    #[test]
    fn hosts_and_sites() {
        let host_of = |source| host(source).unwrap();
        assert_eq!(host_of("https://www.Example.com/a"), "example.com");
        assert_eq!(site(&host_of("https://sport.news.example.com/a")), "example.com");
        assert_eq!(site(&host_of("https://finance.sina.com.cn/x")), "sina.com.cn");
        assert_eq!(site("news.bbc.co.uk"), "bbc.co.uk");
        assert_eq!(
            (site("localhost"), site("127.0.0.1"), site("com.cn")),
            ("localhost", "127.0.0.1", "com.cn")
        );
        assert_eq!(host("file:news.csv#3"), None);
    }

    fn row(number: usize, group: Option<String>, cluster: usize) -> SplitRow {
        SplitRow {
            id: RecordId::of(&[&number.to_le_bytes()]),
            label: Some(["粮食", "crude"][number % 2].into()),
            published: None,
            cluster: RecordId::of(&[b"c", &cluster.to_le_bytes()]),
            group: group.map(Into::into),
        }
    }

    #[test]
    fn without_any_host_it_says_so() {
        let error = Source::default().assign(&[row(1, None, 1)], Seed(1)).unwrap_err();
        assert_eq!(error.to_string(), "none of 1 documents has a \"site\" to split by");
        assert!(error.hint().unwrap().contains("stratified"));
    }

    proptest! {
        #[test]
        fn neither_sites_nor_clusters_are_cut_and_order_does_not_matter(
            spec in prop::collection::vec((0usize..12, 0usize..60), 30..120), seed in 0u64..9
        ) {
            let mut rows: Vec<SplitRow> = spec.iter().enumerate()
                .map(|(n, (site, cluster))| row(n, (*site > 0).then(|| format!("{site}.example")), *cluster))
                .collect();
            let rule = Source { valid: 0.0, test: 0.2, ..Source::default() };
            let Ok(splits) = rule.assign(&rows, Seed(seed)) else { return Ok(()) };
            let mut by_id = HashMap::new();
            let (mut groups, mut clusters) = (HashMap::new(), HashMap::new());
            for (row, split) in rows.iter().zip(&splits) {
                by_id.insert(row.id, *split);
                prop_assert_eq!(*clusters.entry(row.cluster).or_insert(*split), *split);
                if let Some(group) = &row.group {
                    prop_assert_eq!(*groups.entry(group.clone()).or_insert(*split), *split);
                }
            }
            rows.reverse();
            for (row, split) in rows.iter().zip(rule.assign(&rows, Seed(seed)).unwrap()) {
                prop_assert_eq!(by_id[&row.id], split);
            }
        }
    }
}
