//! The crawl: documents in an order that depends on the pages only, whatever the order in which they arrive.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use biotope_core::{Document, Progress, RecordId};
use url::Url;

use super::canonical::canonical;
use super::desk::Desk;
use super::discover::{Item, Links, List, links, list};
use super::journal::{Answer, Head, key};
use super::robots::Robots;
use super::scope::Scope;
use super::turns::Count;
use super::{LabelFrom, Page, WebConfig};
use crate::source::charset::decode;
use crate::{Error, Result};

/// How far ahead of their turn pages are fetched. They wait on disk.
const AHEAD: usize = 20_000;
/// How many sitemaps may lead to sitemaps before one is left out.
const MAX_NESTING: usize = 4;
/// Most feeds and sitemaps besides the start addresses. They are no pages, so `max_pages` does not limit them.
const MAX_LISTS: usize = 10_000;

/// Something to be fetched.
struct Target {
    url: Url,
    item: Item,
    /// Links behind the start.
    depth: usize,
    kind: Kind,
    /// Addresses that led here by redirects, the first of them first.
    moved: Vec<Url>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Page,
    /// A start address, or what one names: it may be a feed or sitemap. So many sitemaps lie behind.
    Start(usize),
    /// robots.txt, for the sitemaps that it names.
    Robots,
}

/// The documents of a crawl.
pub(crate) struct Crawl<'a> {
    config: &'a WebConfig,
    label_from: &'a LabelFrom,
    scope: &'a Scope,
    desk: Desk,
    progress: &'a dyn Progress,
    told: Option<Instant>,
    queue: VecDeque<Target>,
    /// How many at the front of the queue are ordered.
    ordered: usize,
    order: u64,
    known: HashSet<RecordId>,
    /// How many feeds and sitemaps were queued.
    lists: usize,
    hosts: HashSet<String>,
    counted: usize,
    ready: VecDeque<Result<Document>>,
    failed: bool,
    // Last, so that the journal in it is closed before it goes.
    _folder: Option<tempfile::TempDir>,
}

impl<'a> Crawl<'a> {
    /// A crawl that remembers in `folder`, or for its own time only.
    pub(crate) fn new(
        web: &'a super::Web,
        start: Vec<Url>,
        folder: Option<PathBuf>,
        progress: &'a dyn Progress,
    ) -> Result<Self> {
        let (config, scope) = (&web.config, &web.scope);
        let own = if folder.is_none() {
            Some(tempfile::tempdir().map_err(Error::io("make folder", std::env::temp_dir()))?)
        } else {
            None
        };
        let folder = folder.unwrap_or_else(|| own.as_ref().expect("one of the two is there").path().into());
        let mut crawl = Self {
            config,
            label_from: &web.label_from,
            scope,
            desk: Desk::open(config, scope, &folder)?,
            progress,
            told: None,
            queue: VecDeque::new(),
            ordered: 0,
            order: 0,
            known: HashSet::new(),
            lists: 0,
            hosts: HashSet::new(),
            counted: 0,
            ready: VecDeque::new(),
            failed: false,
            _folder: own,
        };
        for url in start {
            crawl.hosts.extend(url.host_str().map(str::to_owned));
            if let Some(robots) = url.join("/robots.txt").ok().filter(|_| config.sitemaps) {
                crawl.enqueue(robots, Item::default(), 0, Kind::Robots);
            }
            crawl.enqueue(url, Item::default(), 0, Kind::Start(0));
        }
        Ok(crawl)
    }

    fn canonical(&self, url: Url) -> Url {
        canonical(url, &self.config.tracking)
    }

    /// Whether an address is met for the first time.
    fn is_new(&mut self, url: &Url) -> bool {
        self.known.insert(key(url))
    }

    fn enqueue(&mut self, url: Url, item: Item, depth: usize, kind: Kind) {
        let url = self.canonical(url);
        if self.is_new(&url) {
            self.queue.push_back(Target { url, item, depth, kind, moved: Vec::new() });
        }
    }

    /// Queues the feeds and sitemaps that `place` names. Of those that are too many the first one is set aside, and speaks
    /// for the others.
    fn enqueue_lists(&mut self, place: &Url, urls: impl IntoIterator<Item = Url>, nesting: usize) {
        for url in urls {
            let url = self.canonical(url);
            if self.known.contains(&key(&url)) {
                continue;
            }
            if self.lists >= MAX_LISTS {
                let why = format!(
                    "more than {MAX_LISTS} feeds and sitemaps: what {place} names is left out from here on"
                );
                return self.ready.push_back(Err(Error::bad(url.as_str(), None, why)));
            }
            self.lists += 1;
            self.enqueue(url, Item::default(), 0, Kind::Start(nesting));
        }
    }

    /// Orders the target at that place of the queue.
    fn order(&mut self, at: usize) {
        let target = &self.queue[at];
        self.desk.order(self.order, &target.url, target.moved.len(), target.kind != Kind::Page);
        self.order += 1;
        self.ordered += 1;
    }

    /// Orders what will surely be needed: as many targets as pages may still come, for each counts at most once.
    fn order_ahead(&mut self) {
        let left = self.config.max_pages.saturating_sub(self.counted).min(AHEAD);
        while self.ordered < left.min(self.queue.len()) {
            self.order(self.ordered);
        }
    }

    fn step(&mut self) -> Result<()> {
        self.order_ahead();
        let Some(target) = self.queue.pop_front() else { return Ok(()) };
        self.ordered -= 1;
        self.tell();
        let answer = self.desk.answer(&target.url)?;
        self.desk.forget(&target.url);
        match answer {
            Answer::Page(head) => match self.desk.body(&head) {
                Some(bytes) => self.take(target, &head, bytes),
                None => self.bad(&target, "its body cannot be read again"),
            },
            Answer::Moved(next) => self.moved(target, next),
            Answer::None(_) if target.kind == Kind::Robots => {}
            Answer::None(why) => {
                self.counted += 1;
                self.bad(&target, why);
            }
        }
        Ok(())
    }

    fn tell(&mut self) {
        let pause = Duration::from_millis(200);
        if self.told.is_none_or(|then| then.elapsed() >= pause) {
            self.told = Some(Instant::now());
            self.progress.say(&by_host(&self.desk.counts()));
        }
    }

    fn bad(&mut self, target: &Target, why: impl ToString) {
        let first = target.moved.first().unwrap_or(&target.url);
        self.ready.push_back(Err(Error::bad(first.as_str(), None, why)));
    }

    /// A redirect: the target stays in its place with another address, unless that address has a place of its own.
    fn moved(&mut self, mut target: Target, next: Url) {
        let next = self.canonical(next);
        target.moved.push(std::mem::replace(&mut target.url, next));
        let why = if target.moved.contains(&target.url) {
            "redirects lead in a circle".to_owned()
        } else if target.moved.len() > self.config.max_redirects {
            format!("more than {} redirects", self.config.max_redirects)
        } else {
            let url = target.url.clone();
            if self.is_new(&url) {
                self.queue.push_front(target);
                self.order(0);
            }
            return;
        };
        self.counted += 1;
        self.bad(&target, why);
    }

    fn take(&mut self, target: Target, head: &Head, bytes: Vec<u8>) {
        if target.kind == Kind::Robots {
            return self.take_robots(&target, &bytes);
        }
        let (text, charset) = decode(&bytes, Some(&head.kind));
        let page = Page { url: target.url.clone(), kind: head.kind.clone(), bytes, text };
        if let Kind::Start(nesting) = target.kind
            && let Some(found) = list(&page, self.config.max_list_bytes)
        {
            return self.take_list(&target, nesting, found);
        }
        self.counted += 1;
        if page.bytes.len() as u64 > self.config.max_body_bytes {
            return self.bad(&target, format!("larger than {} bytes", self.config.max_body_bytes));
        }
        if !(page.kind.is_empty() || page.kind.contains("html") || page.kind.starts_with("text/plain")) {
            return self.bad(&target, format!("type {:?} is no page", page.kind));
        }
        let found = links(&page, target.depth < self.config.depth);
        self.follow(&target, &found);
        if found.noindex {
            return self.bad(&target, "the page asks not to be indexed");
        }
        let doc = self.document(target, page, head, charset, found.canonical);
        self.ready.push_back(Ok(doc));
    }

    fn take_robots(&mut self, target: &Target, bytes: &[u8]) {
        let places = Robots::parse(bytes, &self.config.agent).sitemaps;
        let urls = places.iter().filter_map(|place| target.url.join(place).ok());
        self.enqueue_lists(&target.url, urls, 0);
    }

    fn take_list(&mut self, target: &Target, nesting: usize, found: Result<List, String>) {
        match found {
            Ok(List::Items(items, broken)) => {
                for (url, item) in items {
                    let url = self.canonical(url);
                    if self.scope.refusal(&url).is_none() {
                        self.hosts.extend(url.host_str().map(str::to_owned));
                        self.enqueue(url, item, 0, Kind::Page);
                    }
                }
                if let Some(why) = broken {
                    self.bad(target, format!("read in part: {why}"));
                }
            }
            Ok(List::Sitemaps(_)) if nesting >= MAX_NESTING => {
                self.bad(target, "sitemaps lead to sitemaps without end");
            }
            Ok(List::Sitemaps(urls)) => self.enqueue_lists(&target.url, urls, nesting + 1),
            Err(why) => self.bad(target, why),
        }
    }

    fn follow(&mut self, target: &Target, found: &Links) {
        if matches!(target.kind, Kind::Start(_)) {
            self.enqueue_lists(&target.url, found.feeds.iter().cloned(), 0);
        }
        for url in &found.pages {
            let url = self.canonical(url.clone());
            if self.scope.follows(&url, &self.hosts) {
                self.enqueue(url, Item::default(), target.depth + 1, Kind::Page);
            }
        }
    }

    fn document(
        &self,
        target: Target,
        page: Page,
        head: &Head,
        charset: &str,
        canonical: Option<Url>,
    ) -> Document {
        let plain = page.kind.starts_with("text/plain");
        let source = target.moved.first().unwrap_or(&target.url).to_string();
        let mut doc =
            if plain { Document::new(source, page.text) } else { Document::page(source, page.text) };
        target.item.tell(&mut doc);
        let said = [
            ("fetched", Some(head.fetched.clone())),
            ("checked", head.checked.clone()),
            ("final-url", Some(page.url.to_string())),
            ("canonical", canonical.map(|url| self.canonical(url).to_string())),
            ("status", Some(head.status.to_string())),
            ("charset", Some(charset.to_owned())),
        ];
        doc.meta.extend(said.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        doc.label = self.label_from.label(&doc);
        doc
    }
}

/// The busiest hosts in a few words.
fn by_host(counts: &BTreeMap<String, Count>) -> String {
    let mut hosts: Vec<_> = counts.iter().collect();
    hosts.sort_by_key(|(_, count)| std::cmp::Reverse((count.waiting > 0, count.done)));
    let words = |(name, count): &(&String, &Count)| {
        let name = name.split("://").last().unwrap_or(name);
        let failed = if count.failed > 0 { format!(" ({} failed)", count.failed) } else { String::new() };
        format!("{name} {}{failed}, {} waiting", count.done, count.waiting)
    };
    let more = hosts.len().saturating_sub(3);
    let more = if more > 0 { format!("; {more} more hosts") } else { String::new() };
    hosts.iter().take(3).map(words).collect::<Vec<_>>().join("; ") + &more
}

impl Iterator for Crawl<'_> {
    type Item = Result<Document>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.failed || self.queue.is_empty() || self.counted >= self.config.max_pages {
                return None;
            }
            if let Err(error) = self.step() {
                self.failed = true;
                return Some(Err(error));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use biotope_core::Silent;

    use super::*;

    #[test]
    fn lists_that_are_too_many_are_set_aside_with_the_reason() {
        let url = |name: &str| Url::parse("https://a.example/").unwrap().join(name).unwrap();
        let web = crate::sources::web::Web::new(WebConfig {
            start: vec![url("index.xml").to_string()],
            ..WebConfig::default()
        });
        let web = web.unwrap();
        let mut crawl = Crawl::new(&web, Vec::new(), None, &Silent).unwrap();
        let names = |range: std::ops::Range<usize>| range.map(|number| url(&number.to_string()));
        crawl.enqueue_lists(&url("index.xml"), names(0..MAX_LISTS), 1);
        crawl.enqueue_lists(&url("index.xml"), names(0..MAX_LISTS), 1);
        assert_eq!(
            (crawl.queue.len(), crawl.ready.len()),
            (MAX_LISTS, 0),
            "known ones are not counted again"
        );
        crawl.enqueue_lists(&url("more.xml"), names(9..MAX_LISTS + 9), 1);
        assert_eq!((crawl.queue.len(), crawl.ready.len()), (MAX_LISTS, 1));
        let why = crawl.ready[0].as_ref().unwrap_err().to_string();
        assert!(why.contains("a.example/10000: more than 10000 feeds and sitemaps"), "{why}");
    }

    #[test]
    fn progress_names_the_busiest_hosts() {
        let count = |done, failed, waiting| Count { done, failed, waiting };
        let hosts = [("https://a.example", count(9, 1, 0)), ("https://b.example", count(3, 0, 7))];
        let mut counts: BTreeMap<String, Count> =
            hosts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        assert_eq!(by_host(&counts), "b.example 3, 7 waiting; a.example 9 (1 failed), 0 waiting");
        counts.extend(["https://c.example", "https://d.example"].map(|name| (name.into(), count(0, 0, 0))));
        assert!(by_host(&counts).ends_with("; 1 more hosts"));
    }
}
