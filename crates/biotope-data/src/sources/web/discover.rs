//! What a page leads to: items of a feed, feeds of a page, links, and whether it wants to be left alone.

use biotope_core::Document;
use trafilatura::dom::Document as Dom;
use url::Url;

use super::Page;
use crate::source::feed::{self, Entry};
use crate::source::sitemap::{self, Sitemap};

/// What a feed says of an item.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Item {
    title: Option<String>,
    published: Option<String>,
    language: Option<String>,
    meta: Vec<(&'static str, String)>,
}

impl Item {
    /// Tells the document. What the feed says counts before what the page says.
    pub(crate) fn tell(self, doc: &mut Document) {
        doc.title = self.title.or(doc.title.take());
        doc.published = self.published.or(doc.published.take());
        doc.language = self.language.or(doc.language.take());
        doc.meta.extend(self.meta.into_iter().map(|(key, value)| (key.to_owned(), value)));
    }
}

/// What a start address turned out to be.
pub(crate) enum List {
    /// A feed, or the pages of a sitemap.
    Items(Vec<(Url, Item)>, Option<String>),
    /// Other sitemaps.
    Sitemaps(Vec<Url>),
}

/// Reads a feed or sitemap, if a page looks like one, or says what is wrong with it.
pub(crate) fn list(page: &Page, limit: u64) -> Option<Result<List, String>> {
    if page.kind.contains("html") && !page.kind.contains("xml") {
        return None;
    }
    let unpacked = match sitemap::unpacked(&page.bytes, limit) {
        Ok(bytes) => bytes,
        Err(why) => return Some(Err(why)),
    };
    let (text, _) = crate::source::charset::decode_xml(&unpacked, Some(&page.kind));
    let head: String = text.trim_start().chars().take(2_000).collect();
    if ["<urlset", "<sitemapindex", ":urlset", ":sitemapindex"].iter().any(|mark| head.contains(mark)) {
        return Some(sitemap::parse(&unpacked, &page.url).map(of_sitemap));
    }
    let marks = ["<rss", "<feed", "<rdf:RDF", "<RDF", "<CHANNEL", ":feed"];
    let json = page.kind.contains("json") && head.contains("jsonfeed.org");
    let is_feed = json || marks.iter().any(|mark| head.contains(mark));
    is_feed.then(|| {
        let read = feed::parse(&unpacked, Some(&page.kind), Some(&page.url))?;
        let (name, language) = (read.title.as_deref(), read.language.as_deref());
        let items = read.entries.iter().filter_map(|entry| item(&page.url, entry, language, name));
        Ok(List::Items(items.collect(), read.broken))
    })
}

fn of_sitemap(sitemap: Sitemap) -> List {
    match sitemap {
        Sitemap::Index(sitemaps) => List::Sitemaps(sitemaps),
        Sitemap::Pages(pages, broken) => {
            let item = |place: sitemap::Place| {
                let meta = [("sitemap", Some(place.sitemap)), ("sitemap-changed", place.changed)];
                let news = [("feed-title", place.paper), ("keywords", place.keywords)];
                let meta = meta.into_iter().chain(news).filter_map(|(key, value)| Some((key, value?)));
                let (title, published, language) = (place.title, place.published, place.language);
                (place.url, Item { title, published, language, meta: meta.collect() })
            };
            List::Items(pages.into_iter().map(item).collect(), broken)
        }
    }
}

fn item(base: &Url, entry: &Entry, language: Option<&str>, feed: Option<&str>) -> Option<(Url, Item)> {
    let url = entry.link.clone()?;
    let id = entry.id.clone().unwrap_or_else(|| url.to_string());
    let mut meta = vec![("feed", base.to_string()), ("feed-id", id)];
    let named = [
        ("category", entry.categories.join("; ")),
        ("author", entry.authors.join("; ")),
        ("feed-title", feed.unwrap_or_default().to_owned()),
    ];
    meta.extend(named.into_iter().filter(|(_, value)| !value.is_empty()));
    let language = entry.language.as_deref().or(language);
    let language = language.and_then(|tag| tag.split(['-', '_']).next()).map(str::to_lowercase);
    let title = entry.title.clone().filter(|title| !title.is_empty());
    Some((url, Item { title, published: entry.published.clone(), language, meta }))
}

/// What an HTML page leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Links {
    /// Feeds that it names.
    pub(crate) feeds: Vec<Url>,
    /// Pages that it links to, in order.
    pub(crate) pages: Vec<Url>,
    /// Whether it asks not to be indexed.
    pub(crate) noindex: bool,
    /// The address that it calls its own (RFC 6596).
    pub(crate) canonical: Option<Url>,
}

/// Reads the links of a page, as far as it lets them be followed; those to other pages only if they `lead` anywhere.
pub(crate) fn links(page: &Page, lead: bool) -> Links {
    let dom = Dom::parse(&page.text);
    let root = dom.root();
    let attribute = |id, name: &str| dom.get_attribute(id, name).unwrap_or_default();
    let has = |id, name: &str, word: &str| {
        attribute(id, name).to_lowercase().split([' ', ',']).any(|part| part == word)
    };
    let base =
        dom.query_selector(root, "base[href]").and_then(|id| page.url.join(&attribute(id, "href")).ok());
    let base = base.unwrap_or_else(|| page.url.clone());
    let join = |id| base.join(attribute(id, "href").trim()).ok();
    let robots: Vec<_> = dom.query_selector_all(root, "meta[name][content]");
    let says = |word: &str| {
        robots
            .iter()
            .any(|id| attribute(*id, "name").eq_ignore_ascii_case("robots") && has(*id, "content", word))
    };
    let feeds = dom.query_selector_all(root, "link[href][type]").into_iter().filter(|id| {
        let kind = attribute(*id, "type").to_lowercase();
        has(*id, "rel", "alternate")
            && (kind.contains("rss") || kind.contains("atom") || kind.contains("feed+json"))
    });
    let feeds = feeds.filter_map(join).collect();
    let lead = lead && !says("nofollow") && !says("none");
    let pages = if lead { dom.query_selector_all(root, "a[href]") } else { Vec::new() };
    let pages = pages.into_iter().filter(|id| !has(*id, "rel", "nofollow")).filter_map(join).collect();
    let own =
        dom.query_selector_all(root, "link[rel][href]").into_iter().find(|id| has(*id, "rel", "canonical"));
    let canonical = own.and_then(join).filter(|url| url.scheme().starts_with("http"));
    Links { feeds, pages, canonical, noindex: says("noindex") || says("none") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(kind: &str, text: &str) -> Page {
        Page {
            url: Url::parse("https://a.example/news/").unwrap(),
            kind: kind.into(),
            bytes: text.as_bytes().to_vec(),
            text: text.into(),
        }
    }

    const RSS: &str =
        "<?xml version='1.0'?><rss version='2.0'><channel><title>要闻</title><language>zh-CN</language>
        <item><title>小麦上涨</title><link>/1.html</link><category>谷物</category><category>期货</category>
        <pubDate>Wed, 08 Apr 1987 10:00:00 GMT</pubDate></item><item><title>no link</title></item>
        <item><link>2.html</link></item></channel></rss>";

    #[test]
    fn a_feed_gives_its_items_in_order_with_what_it_says() {
        let page = page("application/rss+xml", RSS);
        let Some(Ok(List::Items(items, None))) = list(&page, 1 << 20) else { panic!("it is a feed") };
        let urls: Vec<&str> = items.iter().map(|(url, _)| url.path()).collect();
        assert_eq!(urls, ["/1.html", "/news/2.html"]);
        let mut doc = Document::new("a", "b");
        items[0].1.clone().tell(&mut doc);
        assert_eq!(
            (doc.title.as_deref(), doc.published.as_deref()),
            (Some("小麦上涨"), Some("1987-04-08T10:00:00Z"))
        );
        assert_eq!((doc.language.as_deref(), doc.meta["category"].as_str()), (Some("zh"), "谷物; 期货"));
    }

    #[test]
    fn a_page_is_no_feed_and_names_its_links() {
        let html = "<html><head><link rel='alternate' type='application/atom+xml' href='/feed'></head><body>
            <a href='1.html#top'>1</a><a rel='nofollow' href='2.html'>2</a><a href='mailto:a@b.co'>m</a></body></html>";
        let page = page("text/html; charset=utf-8", html);
        assert!(list(&page, 1 << 20).is_none());
        let feeds_only = links(&page, false);
        let links = links(&page, true);
        assert_eq!((&feeds_only.feeds, feeds_only.pages.len()), (&links.feeds, 0));
        assert_eq!(links.feeds[0].path(), "/feed");
        assert_eq!(links.pages[0].as_str(), "https://a.example/news/1.html#top");
        assert_eq!(links.pages.iter().filter(|url| url.scheme() == "https").count(), 1);
    }

    #[test]
    fn a_page_that_wants_to_be_left_alone_is() {
        let html = "<head><meta name='ROBOTS' content='noindex, nofollow'></head><a href='1.html'>1</a>";
        let links = links(&page("text/html", html), true);
        assert!(links.noindex && links.pages.is_empty());
    }
}
