//! What a page leads to: items of a feed, feeds of a page, links, and whether it wants to be left alone.

use biotope_core::Document;
use trafilatura::dom::Document as Dom;
use url::Url;

use crate::sources::web::fetch::Page;

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

/// Whether a page may be a feed, by its type or its first characters.
pub(crate) fn is_feed(page: &Page) -> bool {
    let kind = &page.kind;
    if kind.contains("html") && !kind.contains("xml") {
        return false;
    }
    let head: String = page.text.trim_start().chars().take(2_000).collect();
    let xml = ["<rss", "<feed", "<rdf:RDF"].iter().any(|mark| head.contains(mark));
    xml || (kind.contains("json") && head.contains("jsonfeed.org"))
}

/// The items of a feed in its order, with their addresses.
pub(crate) fn items(page: &Page) -> Result<Vec<(Url, Item)>, String> {
    let parser = feed_rs::parser::Builder::new().base_uri(Some(page.url.as_str())).build();
    let feed = parser.parse(page.bytes.as_slice()).map_err(|error| format!("no feed: {error}"))?;
    let language = feed.language.clone();
    let name = feed.title.map(|title| title.content);
    Ok(feed
        .entries
        .into_iter()
        .filter_map(|entry| item(&page.url, entry, language.as_ref(), name.as_ref()))
        .collect())
}

fn item(
    base: &Url,
    entry: feed_rs::model::Entry,
    language: Option<&String>,
    feed: Option<&String>,
) -> Option<(Url, Item)> {
    let link = entry.links.iter().find(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"));
    let url = base.join(&link.or(entry.links.first())?.href).ok()?;
    let categories: Vec<&str> = entry
        .categories
        .iter()
        .map(|category| category.label.as_deref().filter(|label| !label.is_empty()).unwrap_or(&category.term))
        .filter(|name| !name.is_empty())
        .collect();
    let authors: Vec<&str> = entry.authors.iter().filter_map(|author| author.name.as_deref()).collect();
    let mut meta = vec![("feed", base.to_string()), ("feed-id", entry.id)];
    let named = [
        ("category", categories.join("; ")),
        ("author", authors.join("; ")),
        ("feed-title", feed.cloned().unwrap_or_default()),
    ];
    meta.extend(named.into_iter().filter(|(_, value)| !value.is_empty()));
    let published =
        entry.published.or(entry.updated).and_then(|date| crate::dates::normal(&date.to_rfc3339(), None));
    let language = entry.language.as_ref().or(language);
    let language = language.and_then(|tag| tag.split(['-', '_']).next()).map(str::to_lowercase);
    Some((url, Item { title: entry.title.map(|title| title.content), published, language, meta }))
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
}

/// Reads the links of a page, as far as it lets them be followed.
pub(crate) fn links(page: &Page) -> Links {
    let dom = Dom::parse(&page.text);
    let root = dom.root();
    let attribute = |id, name: &str| dom.get_attribute(id, name).unwrap_or_default();
    let has = |id, name: &str, word: &str| {
        attribute(id, name).to_lowercase().split([' ', ',']).any(|part| part == word)
    };
    let base =
        dom.query_selector(root, "base[href]").and_then(|id| page.url.join(&attribute(id, "href")).ok());
    let base = base.unwrap_or_else(|| page.url.clone());
    let join = |id| base.join(attribute(id, "href").trim()).ok().map(without_fragment);
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
    let pages =
        if says("nofollow") || says("none") { Vec::new() } else { dom.query_selector_all(root, "a[href]") };
    let pages = pages.into_iter().filter(|id| !has(*id, "rel", "nofollow")).filter_map(join).collect();
    Links { feeds, pages, noindex: says("noindex") || says("none") }
}

/// An address without what is behind `#`, so that one page is fetched once.
pub(crate) fn without_fragment(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(kind: &str, text: &str) -> Page {
        Page {
            url: Url::parse("https://a.example/news/").unwrap(),
            status: 200,
            kind: kind.into(),
            bytes: text.as_bytes().to_vec(),
            text: text.into(),
            charset: "UTF-8",
            fetched: jiff::Timestamp::UNIX_EPOCH,
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
        assert!(is_feed(&page));
        let items = items(&page).unwrap();
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
        assert!(!is_feed(&page));
        let links = links(&page);
        assert_eq!(links.feeds[0].path(), "/feed");
        assert_eq!(links.pages[0].as_str(), "https://a.example/news/1.html");
        assert_eq!(links.pages.iter().filter(|url| url.scheme() == "https").count(), 1);
    }

    #[test]
    fn a_page_that_wants_to_be_left_alone_is() {
        let html = "<head><meta name='ROBOTS' content='noindex, nofollow'></head><a href='1.html'>1</a>";
        let links = links(&page("text/html", html));
        assert!(links.noindex && links.pages.is_empty());
    }
}
