//! The frontier: what is fetched next, in an order that depends on the pages only.

use std::collections::{HashSet, VecDeque};

use biotope_core::Document;
use regex::Regex;
use url::Url;

use crate::sources::web::discover::{Item, Links, is_feed, items, links, without_fragment};
use crate::sources::web::fetch::{Fetcher, Page};
use crate::sources::web::{LabelFrom, WebConfig};
use crate::{Error, Result};

/// Something to be fetched.
struct Target {
    url: Url,
    item: Item,
    depth: usize,
    /// Whether it is a start address: only those, and what they name, may be feeds.
    start: bool,
}

/// The documents of a crawl. Targets are fetched in waves of `concurrency`, and each wave is worked off in its order.
pub(crate) struct Crawl<'a> {
    config: &'a WebConfig,
    label_from: &'a LabelFrom,
    scope: &'a Regex,
    fetcher: Fetcher<'a>,
    queue: VecDeque<Target>,
    known: HashSet<String>,
    hosts: HashSet<String>,
    fetched: usize,
    ready: VecDeque<Result<Document>>,
}

impl<'a> Crawl<'a> {
    pub(crate) fn new(
        config: &'a WebConfig,
        label_from: &'a LabelFrom,
        scope: &'a Regex,
        start: Vec<Url>,
    ) -> Result<Self> {
        let mut crawl = Self {
            config,
            label_from,
            scope,
            fetcher: Fetcher::new(config)?,
            queue: VecDeque::new(),
            known: HashSet::new(),
            hosts: HashSet::new(),
            fetched: 0,
            ready: VecDeque::new(),
        };
        for url in start {
            crawl.hosts.extend(url.host_str().map(str::to_owned));
            crawl.enqueue(Target { url, item: Item::default(), depth: 0, start: true });
        }
        Ok(crawl)
    }

    fn enqueue(&mut self, mut target: Target) {
        target.url = without_fragment(target.url);
        if self.known.insert(target.url.to_string()) {
            self.queue.push_back(target);
        }
    }

    /// Fetches the next targets side by side and takes their pages in order.
    fn wave(&mut self) {
        let left = self.config.max_pages.saturating_sub(self.fetched);
        let count = self.config.concurrency.min(self.queue.len()).min(left);
        let targets: Vec<Target> = self.queue.drain(..count).collect();
        let fetcher = &self.fetcher;
        let pages: Vec<Result<Page, String>> = std::thread::scope(|scope| {
            let ask = |target: &'_ Target| {
                let url = target.url.clone();
                scope.spawn(move || fetcher.page(&url))
            };
            let asked: Vec<_> = targets.iter().map(ask).collect();
            let done = asked
                .into_iter()
                .map(|asked| asked.join().unwrap_or_else(|_| Err("the fetch panicked".into())));
            done.collect()
        });
        for (target, page) in targets.into_iter().zip(pages) {
            match page {
                Ok(page) => self.take(target, page),
                Err(why) => {
                    self.fetched += 1;
                    self.bad(&target.url, why);
                }
            }
        }
    }

    fn bad(&mut self, url: &Url, why: impl ToString) {
        self.ready.push_back(Err(Error::bad(url.as_str(), None, why)));
    }

    fn take(&mut self, target: Target, page: Page) {
        let moved = page.url != target.url;
        if moved && !self.known.insert(page.url.to_string()) {
            // A redirect to what is fetched under its own address, too.
            return;
        }
        if target.start && is_feed(&page) {
            return self.take_feed(&page);
        }
        self.fetched += 1;
        if !(page.kind.is_empty() || page.kind.contains("html") || page.kind.starts_with("text/plain")) {
            return self.bad(&page.url, format!("type {:?} is no page", page.kind));
        }
        let found = links(&page);
        self.follow(&target, &found);
        if found.noindex {
            return self.bad(&page.url, "the page asks not to be indexed");
        }
        let doc = self.document(target, page);
        self.ready.push_back(Ok(doc));
    }

    fn take_feed(&mut self, page: &Page) {
        match items(page) {
            Ok(items) => {
                for (url, item) in items {
                    if self.scope.is_match(url.as_str()) {
                        self.hosts.extend(url.host_str().map(str::to_owned));
                        self.enqueue(Target { url, item, depth: 0, start: false });
                    }
                }
            }
            Err(why) => self.bad(&page.url, why),
        }
    }

    fn follow(&mut self, target: &Target, found: &Links) {
        if target.start {
            for url in &found.feeds {
                self.enqueue(Target { url: url.clone(), item: Item::default(), depth: 0, start: true });
            }
        }
        if target.depth >= self.config.depth {
            return;
        }
        for url in &found.pages {
            let known_host = url.host_str().is_some_and(|host| self.hosts.contains(host));
            if known_host && url.scheme().starts_with("http") && self.scope.is_match(url.as_str()) {
                let (url, depth) = (url.clone(), target.depth + 1);
                self.enqueue(Target { url, item: Item::default(), depth, start: false });
            }
        }
    }

    fn document(&self, target: Target, page: Page) -> Document {
        let plain = page.kind.starts_with("text/plain");
        let source = target.url.to_string();
        let mut doc =
            if plain { Document::new(source, page.text) } else { Document::page(source, page.text) };
        target.item.tell(&mut doc);
        let said = [
            ("fetched", page.fetched.to_string()),
            ("final-url", page.url.to_string()),
            ("status", page.status.to_string()),
            ("charset", page.charset.to_owned()),
        ];
        doc.meta.extend(said.map(|(key, value)| (key.to_owned(), value)));
        doc.label = self.label_from.label(&doc);
        doc
    }
}

impl Iterator for Crawl<'_> {
    type Item = Result<Document>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.queue.is_empty() || self.fetched >= self.config.max_pages {
                return None;
            }
            self.wave();
        }
    }
}
