//! Lines that a site repeats on many pages, and paragraphs that an earlier document had: counted in one pass, taken out in
//! the next.
//!
//! This is work on a corpus, so it is no step and does not travel: a served page keeps such lines. Memory: 24 bytes per
//! line that is counted, at most [`ENTRIES`] of them (then the rarest are forgotten, as in the lossy counting of Manku and
//! Motwani 2002), and 24 bytes per paragraph.

use std::collections::HashMap;

use biotope_core::{Document, Invalid};
use serde::{Deserialize, Serialize};
use url::Url;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::words::is_unspaced;

/// Lines that are counted at a time.
const ENTRIES: usize = 8 << 20;

/// What is taken out of texts that others have, too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinesConfig {
    /// Whether lines go that a site repeats on many pages.
    pub boilerplate: bool,
    /// On how many pages of a site a line must be, at least.
    pub min_pages: u32,
    /// On which share of the site's pages, at least.
    pub min_share: f64,
    /// Whether paragraphs go that an earlier document had.
    pub paragraphs: bool,
    /// Fewest characters of such a paragraph; a Chinese character counts as two.
    pub min_paragraph: usize,
    /// A text that would lose a larger share of its characters stays as it is: it is a reprint, which deduplication knows
    /// to handle.
    pub max_loss: f64,
}

impl Default for LinesConfig {
    fn default() -> Self {
        Self {
            boilerplate: false,
            min_pages: 5,
            min_share: 0.1,
            paragraphs: false,
            min_paragraph: 100,
            max_loss: 0.5,
        }
    }
}

impl LinesConfig {
    pub(crate) fn is_on(&self) -> bool {
        self.boilerplate || self.paragraphs
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        for (field, share) in [("min_share", self.min_share), ("max_loss", self.max_loss)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(Invalid::new(field, "must be in 0..=1", share));
            }
        }
        if self.min_pages < 2 {
            return Err(Invalid::new("min_pages", "must be at least 2", self.min_pages));
        }
        Ok(())
    }
}

/// Counts of lines by site, and who had which paragraph first.
#[derive(Debug)]
pub(crate) struct Lines {
    config: LinesConfig,
    pages: HashMap<u64, u32>,
    /// By site and line: on how many pages, and the last of them.
    counts: HashMap<u64, (u32, u32)>,
    /// By paragraph: the first document.
    first: HashMap<u64, u32>,
}

impl Lines {
    pub(crate) fn new(config: &LinesConfig) -> Self {
        Self { config: config.clone(), pages: HashMap::new(), counts: HashMap::new(), first: HashMap::new() }
    }

    /// Takes note of a document by its number. Numbers ascend.
    pub(crate) fn count(&mut self, number: u32, doc: &Document) {
        if let Some(site) = site(doc).filter(|_| self.config.boilerplate) {
            *self.pages.entry(site).or_default() += 1;
            for line in lines(&doc.text) {
                let (count, last) = self.counts.entry(key(site, line)).or_insert((0, u32::MAX));
                if *last != number {
                    (*count, *last) = (*count + 1, number);
                }
            }
            self.forget(ENTRIES);
        }
        if self.config.paragraphs {
            let least = self.config.min_paragraph;
            for paragraph in lines(&doc.text).filter(|line| is_paragraph(line, least)) {
                self.first.entry(key(0, paragraph)).or_insert(number);
            }
        }
    }

    /// Forgets the rarest lines if there are more than so many, until half of that is left.
    fn forget(&mut self, most: usize) {
        let (mut rare, half) = (0, most / 2);
        while self.counts.len() > if rare == 0 { most } else { half } {
            rare += 1;
            self.counts.retain(|_, (count, _)| *count > rare);
        }
    }

    /// Takes out of a document what does not belong to it alone; says whether anything did.
    pub(crate) fn strip(&self, number: u32, doc: &mut Document) -> bool {
        let site = site(doc).filter(|_| self.config.boilerplate);
        let (mut kept, mut boilerplate, mut repeated) = (Vec::new(), 0, 0);
        for line in doc.text.split('\n') {
            if self.is_boilerplate(site, line) {
                boilerplate += 1;
            } else if self.is_repeated(number, line) {
                repeated += 1;
            } else {
                kept.push(line);
            }
        }
        if boilerplate + repeated == 0 {
            return false;
        }
        let text = kept.join("\n").trim().to_owned();
        let (before, after) = (doc.text.chars().count(), text.chars().count());
        if text.is_empty() || ((before - after) as f64) > self.config.max_loss * before as f64 {
            return false;
        }
        for (count, step, what) in [
            (boilerplate, "boilerplate", "lines of the site"),
            (repeated, "paragraphs", "paragraphs of earlier documents"),
        ] {
            if count > 0 {
                doc.trace(step, format!("removed {count} {what}: {before} characters became {after} in all"));
            }
        }
        doc.text = text;
        true
    }

    fn is_boilerplate(&self, site: Option<u64>, line: &str) -> bool {
        let (Some(site), false) = (site, line.trim().is_empty()) else { return false };
        let Some((count, _)) = self.counts.get(&key(site, line)) else { return false };
        let pages = self.pages.get(&site).copied().unwrap_or(0);
        *count >= self.config.min_pages && f64::from(*count) >= self.config.min_share * f64::from(pages)
    }

    fn is_repeated(&self, number: u32, line: &str) -> bool {
        self.config.paragraphs
            && is_paragraph(line.trim(), self.config.min_paragraph)
            && self.first.get(&key(0, line)).is_some_and(|first| *first != number)
    }
}

/// Whether a line is long enough to be held against others.
fn is_paragraph(line: &str, least: usize) -> bool {
    let weight = |c: char| if is_unspaced(c) { 2 } else { 1 };
    line.len() >= least && line.chars().map(weight).sum::<usize>() >= least
}

/// Lines with something in them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty())
}

fn key(site: u64, line: &str) -> u64 {
    xxh3_64_with_seed(line.trim().as_bytes(), site)
}

/// Hash of the host that a document comes from.
fn site(doc: &Document) -> Option<u64> {
    let url = Url::parse(&doc.source).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(xxh3_64(url.host_str()?.trim_start_matches("www.").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(config: &LinesConfig, docs: &mut [Document]) -> Vec<bool> {
        let mut lines = Lines::new(config);
        docs.iter().enumerate().for_each(|(number, doc)| lines.count(number as u32, doc));
        docs.iter_mut().enumerate().map(|(number, doc)| lines.strip(number as u32, doc)).collect()
    }

    #[test]
    fn the_rarest_lines_are_forgotten_until_half_is_left() {
        let mut lines = Lines::new(&LinesConfig::default());
        lines.counts = (0..10u32).map(|line| (u64::from(line), (line + 1, 0))).collect();
        lines.forget(10);
        assert_eq!(lines.counts.len(), 10);
        lines.forget(9);
        let mut left: Vec<u32> = lines.counts.values().map(|(count, _)| *count).collect();
        left.sort_unstable();
        assert_eq!(left, [7, 8, 9, 10]);
    }

    #[test]
    fn what_a_site_repeats_goes_and_other_sites_keep_it() {
        let page = |n: usize| {
            let text = format!(
                "订阅我们的新闻邮件\n第{n}条：小麦期货在交易日上涨了{n}个百分点，交易员感到意外。\nShare this article"
            );
            Document::new(format!("https://www.news.example/{n}"), text)
        };
        let mut docs: Vec<Document> = (0..8).map(page).collect();
        docs.push(Document::new("https://other.example/", docs[0].text.clone()));
        docs.push(Document::new("file:a#1", docs[0].text.clone()));
        let config = LinesConfig { boilerplate: true, ..LinesConfig::default() };
        assert_eq!(strip(&config, &mut docs), [[true; 8].as_slice(), &[false; 2]].concat());
        assert_eq!(docs[3].text, "第3条：小麦期货在交易日上涨了3个百分点，交易员感到意外。");
        assert_eq!(docs[3].trail[0].effect, "removed 2 lines of the site: 58 characters became 29 in all");
    }

    #[test]
    fn a_reprint_is_left_to_deduplication() {
        let article = "The whole article of one line is here, and it is the same on each page of the site.";
        let mut docs: Vec<Document> =
            (0..6).map(|n| Document::new(format!("https://news.example/{n}"), article)).collect();
        let config = LinesConfig { boilerplate: true, paragraphs: true, ..LinesConfig::default() };
        assert_eq!(strip(&config, &mut docs), [false; 6]);
    }

    #[test]
    fn a_paragraph_of_an_earlier_document_goes() {
        let background = "This background paragraph stands under every article about the price of wheat, and it is long enough to count.";
        let own = |n: usize| {
            format!(
                "Article {n} has news of its own that fills more than half of the text, so that something is left when the rest goes."
            )
        };
        let mut docs: Vec<Document> =
            (0..3).map(|n| Document::new(format!("a#{n}"), format!("{}\n{background}", own(n)))).collect();
        let config = LinesConfig { paragraphs: true, ..LinesConfig::default() };
        assert_eq!(strip(&config, &mut docs), [false, true, true]);
        assert_eq!(docs[1].text, own(1));
        assert!(docs[1].trail[0].effect.starts_with("removed 1 paragraphs of earlier documents"));
    }
}
