//! Sitemaps (sitemaps.org, 0.9): lists of pages and lists of lists, with the news extension, plain or gzip.

use std::io::Read;

use quick_xml::Reader;
use quick_xml::events::Event;
use url::Url;

use crate::source::{charset, feed};

/// Most entries of one sitemap (the protocol's own limit); what is behind them is not read.
pub const MAX_ENTRIES: usize = 50_000;

/// What a sitemap lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sitemap {
    /// Other sitemaps.
    Index(Vec<Url>),
    /// Pages, and why they could be read only in part.
    Pages(Vec<Place>, Option<String>),
}

/// One page of a sitemap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it is.
    pub url: Url,
    /// When it was changed, as written.
    pub changed: Option<String>,
    /// Headline (news extension).
    pub title: Option<String>,
    /// Date of publication (news extension), RFC 3339 or `YYYY-MM-DD`.
    pub published: Option<String>,
    /// Language tag without region (news extension).
    pub language: Option<String>,
    /// Name of the newspaper (news extension).
    pub paper: Option<String>,
    /// Keywords (news extension).
    pub keywords: Option<String>,
    /// Address of the sitemap.
    pub sitemap: String,
}

/// The bytes as they are, or what a gzip holds; more than `limit` bytes are refused.
pub(crate) fn unpacked(bytes: &[u8], limit: u64) -> Result<std::borrow::Cow<'_, [u8]>, String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes.into());
    }
    let mut out = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(bytes).take(limit + 1).read_to_end(&mut out);
    match read {
        Ok(_) if out.len() as u64 > limit => Err(format!("larger than {limit} bytes when unpacked")),
        Ok(_) => Ok(out.into()),
        Err(error) => Err(format!("broken gzip: {error}")),
    }
}

/// Reads an unpacked sitemap, or says why it is none. Addresses are joined to `base`.
///
/// ```
/// use biotope_data::source::sitemap::{Sitemap, parse};
/// let xml = "<urlset><url><loc>https://a.example/新闻/1</loc><lastmod>2026-01-02</lastmod></url></urlset>";
/// let Sitemap::Pages(pages, None) = parse(xml.as_bytes(), &"https://a.example/sitemap.xml".parse().unwrap()).unwrap()
/// else { panic!() };
/// assert_eq!(pages[0].changed.as_deref(), Some("2026-01-02"));
/// ```
pub fn parse(bytes: &[u8], base: &Url) -> Result<Sitemap, String> {
    let (text, _) = charset::decode_xml(bytes, None);
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}').trim_start());
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    config.expand_empty_elements = true;
    let mut state = State {
        base,
        index: None,
        fields: Fields::default(),
        text: String::new(),
        places: Vec::new(),
        overfull: false,
    };
    let broken = loop {
        match reader.read_event() {
            Ok(Event::Eof) => break None,
            Ok(event) => state.on(&event),
            Err(error) => break Some(error.to_string()),
        }
        if state.overfull {
            break Some(format!("more than {MAX_ENTRIES} entries"));
        }
    };
    state.finish(broken)
}

#[derive(Default)]
struct Fields {
    loc: Option<Url>,
    changed: Option<String>,
    title: Option<String>,
    published: Option<String>,
    language: Option<String>,
    paper: Option<String>,
    keywords: Option<String>,
}

struct State<'a> {
    base: &'a Url,
    /// Whether the root is an index.
    index: Option<bool>,
    fields: Fields,
    text: String,
    places: Vec<Place>,
    /// Whether one more entry began than is read.
    overfull: bool,
}

impl State<'_> {
    fn on(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(start) => {
                match local(start.name().0).as_str() {
                    "urlset" => self.index = self.index.or(Some(false)),
                    "sitemapindex" => self.index = self.index.or(Some(true)),
                    "url" | "sitemap" => {
                        self.fields = Fields::default();
                        self.overfull = self.places.len() >= MAX_ENTRIES;
                    }
                    _ => {}
                }
                self.text.clear();
            }
            Event::Text(text) => self.text.push_str(text),
            Event::CData(text) => self.text.push_str(text),
            Event::GeneralRef(name) => match feed::entity(name) {
                Some(meant) => self.text.push_str(&meant),
                None => self.text.extend(["&", name, ";"]),
            },
            Event::End(end) => self.end(end.name().0),
            _ => {}
        }
    }

    fn end(&mut self, full: &str) {
        let said = self.text.trim();
        let said = (!said.is_empty()).then(|| said.to_owned());
        let fields = &mut self.fields;
        match (local(full).as_str(), full.contains(':')) {
            ("loc", false) => {
                fields.loc = said.and_then(|link| self.base.join(&link).ok()).or(fields.loc.take());
            }
            ("lastmod", _) => fields.changed = said,
            ("title", true) if fields.title.is_none() => fields.title = said,
            ("publication_date", _) => fields.published = said.and_then(|date| feed::normal_date(&date)),
            ("language", _) => {
                fields.language = said.and_then(|tag| tag.split(['-', '_']).next().map(str::to_lowercase));
            }
            ("name", _) => fields.paper = said,
            ("keywords", _) => fields.keywords = said,
            ("url" | "sitemap", false) => self.place(),
            _ => {}
        }
        self.text.clear();
    }

    fn place(&mut self) {
        let Fields { loc, changed, title, published, language, paper, keywords } =
            std::mem::take(&mut self.fields);
        let sitemap = self.base.to_string();
        let Some(url) = loc.filter(|url| url.scheme().starts_with("http")) else { return };
        if self.places.len() >= MAX_ENTRIES {
            // An end without a beginning.
            self.overfull = true;
            return;
        }
        self.places.push(Place { url, changed, title, published, language, paper, keywords, sitemap });
    }

    fn finish(self, broken: Option<String>) -> Result<Sitemap, String> {
        match (self.index, broken) {
            (None, _) => Err("no sitemap: neither urlset nor sitemapindex".into()),
            (_, Some(why)) if self.places.is_empty() => Err(format!("no sitemap: {why}")),
            (Some(true), _) => Ok(Sitemap::Index(self.places.into_iter().map(|place| place.url).collect())),
            (Some(false), broken) => Ok(Sitemap::Pages(self.places, broken)),
        }
    }
}

fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn base() -> Url {
        Url::parse("https://a.example/map/sitemap.xml").unwrap()
    }

    #[test]
    fn the_news_extension_and_an_image_beside_it() {
        let xml = "<?xml version='1.0'?><urlset xmlns:n='x'><url><loc>/新闻/1?a=1&amp;b=2</loc><n:news>
            <n:publication><n:name>麦田报</n:name><n:language>zh-cn</n:language></n:publication>
            <n:publication_date>2026-11-20T08:00+08:00</n:publication_date><n:title>小麦 &lt;上涨&gt;</n:title></n:news>
            <image:image><image:loc>/1.png</image:loc></image:image></url>
            <url><loc>mailto:a@b.co</loc></url><url></url></urlset>";
        let Ok(Sitemap::Pages(pages, None)) = parse(xml.as_bytes(), &base()) else { panic!() };
        assert_eq!(pages.len(), 1);
        let page = &pages[0];
        assert_eq!(page.url.query(), Some("a=1&b=2"));
        assert_eq!((page.title.as_deref(), page.language.as_deref()), (Some("小麦 <上涨>"), Some("zh")));
        assert_eq!(
            (page.published.as_deref(), page.paper.as_deref()),
            (Some("2026-11-20T00:00:00Z"), Some("麦田报"))
        );
    }

    #[test]
    fn an_index_and_a_list_that_breaks_off() {
        let index =
            "<sitemapindex><sitemap><loc>/a.xml.gz</loc></sitemap><sitemap><loc>/b.xml</loc></sitemap>";
        let Ok(Sitemap::Index(maps)) = parse(index.as_bytes(), &base()) else { panic!() };
        assert_eq!(maps.iter().map(Url::path).collect::<Vec<_>>(), ["/a.xml.gz", "/b.xml"]);
        let cut = "<urlset><url><loc>/1</loc></url><url><loc";
        let Ok(Sitemap::Pages(pages, Some(why))) = parse(cut.as_bytes(), &base()) else { panic!() };
        assert!(pages.len() == 1 && why.contains("not closed"), "{why}");
        assert_eq!(parse(b"<html>", &base()).unwrap_err(), "no sitemap: neither urlset nor sitemapindex");
    }

    #[test]
    fn as_many_entries_as_are_allowed_are_not_too_many() {
        let read = |behind: &str| {
            let xml = format!("<urlset>{}{behind}</urlset>", "<url><loc>/1</loc></url>".repeat(MAX_ENTRIES));
            let Ok(Sitemap::Pages(pages, broken)) = parse(xml.as_bytes(), &base()) else { panic!() };
            assert_eq!(pages.len(), MAX_ENTRIES);
            broken
        };
        assert_eq!(read("\n"), None);
        for behind in ["<url><loc>/2</loc></url>", "<loc>/2</loc></url>"] {
            assert_eq!(read(behind).as_deref(), Some("more than 50000 entries"));
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_unfolds() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..64 {
            gzip.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
        let bomb = gzip.finish().unwrap();
        assert!(bomb.len() < 100_000);
        assert_eq!(unpacked(&bomb, 1 << 20).unwrap_err(), "larger than 1048576 bytes when unpacked");
        assert!(unpacked(&bomb[..bomb.len() / 2], 1 << 30).unwrap_err().starts_with("broken gzip"));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "(<|>|/|urlset|url|loc|&|;|#|x|新|!\\[CDATA\\[|\\]\\]| |\"|=){0,60}") {
            let _ = parse(format!("<urlset>{text}").as_bytes(), &base());
        }
    }
}
