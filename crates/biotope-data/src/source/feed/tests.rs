//! Each dialect, each breakage, each encoding.

use proptest::prelude::*;

use super::*;

fn base() -> Url {
    Url::parse("https://news.example/feeds/all.xml").unwrap()
}

fn read(xml: &str) -> Feed {
    parse(xml.as_bytes(), None, Some(&base())).unwrap()
}

fn first(xml: &str) -> Entry {
    read(xml).entries.into_iter().next().unwrap()
}

fn link(entry: &Entry) -> &str {
    entry.link.as_ref().map_or("", Url::as_str)
}

#[test]
fn rss_with_all_its_modules() {
    let feed = read(
        "<?xml version='1.0'?><rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:media='http://search.yahoo.com/mrss/'
         xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel><title>麦田报</title><language>zh-CN</language>
         <image><title>no headline</title><link>https://news.example/logo</link></image>
         <item><media:title>short</media:title><title>小麦 &lt;b&gt;上涨&lt;/b&gt;</title><link> /1.html </link><guid isPermaLink='false'>n-1</guid>
         <dc:creator>王小麦</dc:creator><category>谷物</category><dc:subject>期货</dc:subject><category>谷物</category>
         <description>&lt;p&gt;摘要&lt;/p&gt;</description><content:encoded><![CDATA[<p>全文 & 更多</p>]]></content:encoded>
         <dc:date>2026-11-19</dc:date><pubDate>Fri, 20 Nov 2026 08:00:00 +0800</pubDate></item></channel></rss>",
    );
    assert_eq!((feed.title.as_deref(), feed.language.as_deref()), (Some("麦田报"), Some("zh-CN")));
    let entry = &feed.entries[0];
    assert_eq!((entry.title.as_deref(), link(entry)), (Some("小麦 上涨"), "https://news.example/1.html"));
    assert_eq!(
        (entry.id.as_deref(), entry.published.as_deref()),
        (Some("n-1"), Some("2026-11-20T00:00:00Z"))
    );
    assert_eq!(
        (entry.summary.as_deref(), entry.content.as_deref()),
        (Some("<p>摘要</p>"), Some("<p>全文 & 更多</p>"))
    );
    assert_eq!(
        (&entry.authors[..], &entry.categories[..]),
        (&["王小麦".into()][..], &["谷物".into(), "期货".into()][..])
    );
}

#[test]
fn atom_with_relative_links_and_markup() {
    let entry = first(
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://b.example/x/' xml:lang='en'><title>T</title>
         <entry xml:base='y/'><title type='html'>Oats &amp;amp; rye</title><link rel='self' href='self'/>
         <link rel='enclosure' href='1.mp3'/><link href='1.html'/><id>tag:1</id><updated>2026-01-02T00:00:00Z</updated>
         <published>2026-01-01T00:00:00Z</published><author><name>Ada</name><email>a@b.example</email></author>
         <category term='grain' label='Grain'/><source><title>Not mine</title><updated>1999-01-01T00:00:00Z</updated></source>
         <content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>1 &lt; 2<br/></div></content></entry></feed>",
    );
    assert_eq!((entry.title.as_deref(), link(&entry)), (Some("Oats & rye"), "https://b.example/x/y/1.html"));
    assert_eq!(entry.published.as_deref(), Some("2026-01-01T00:00:00Z"));
    assert_eq!((&entry.authors[0], &entry.categories[0]), (&"Ada".to_owned(), &"Grain".to_owned()));
    let content = entry.content.unwrap();
    assert!(content.contains("1 &lt; 2<br></br></div>"), "{content}");
}

#[test]
fn older_and_other_kinds() {
    let rdf = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>
        <channel><title>T</title><items><rdf:Seq/></items></channel><item rdf:about='/1'><title>One</title></item></rdf:RDF>";
    assert_eq!(link(&first(rdf)), "https://news.example/1");
    let cdf = "<CHANNEL HREF='/'><TITLE>C</TITLE><ITEM HREF='/1' LASTMOD='2003-01-02'><TITLE>One</TITLE></ITEM></CHANNEL>";
    assert_eq!(
        (link(&first(cdf)), first(cdf).published.as_deref()),
        ("https://news.example/1", Some("2003-01-02"))
    );
    let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"J","language":"zh","items":[{"id":7,"url":"/1",
        "title":"小麦","content_html":"<p>x</p>","date_published":"2026-01-01T08:00:00+08:00","authors":[{"name":"Ada"}],"tags":["a"]}]}"#;
    let entry = first(json);
    assert_eq!(
        (link(&entry), entry.id.as_deref(), entry.title.as_deref()),
        ("https://news.example/1", Some("7"), Some("小麦"))
    );
    assert_eq!((entry.published.as_deref(), entry.authors.len()), (Some("2026-01-01T00:00:00Z"), 1));
}

/// Each way in which feeds break the rules, and what is read nevertheless.
#[test]
fn every_kind_of_breakage() {
    let title = |xml: &str| first(xml).title.unwrap_or_default();
    for (what, xml, expected) in [
        ("no version", "<rss><channel><item><title>a</title></item></channel></rss>", "a"),
        (
            "undeclared entity",
            "<rss><channel><item><title>caf&eacute;&nbsp;1&8364;</title></item></channel></rss>",
            "café 1&8364;",
        ),
        (
            "windows number",
            "<rss><channel><item><title>&#146;tis &#x20AC;</title></item></channel></rss>",
            "\u{2019}tis €",
        ),
        (
            "bare ampersand",
            "<rss><channel><item><title>AT&T & co</title></item></channel></rss>",
            "AT&T & co",
        ),
        (
            "undeclared prefix",
            "<rss><channel><item><x:y>no</x:y><dc:title>a</dc:title></item></channel></rss>",
            "a",
        ),
        (
            "own prefix",
            "<rss xmlns:q='http://purl.org/dc/elements/1.1/'><channel><item><q:title>a</q:title></item></channel></rss>",
            "a",
        ),
        (
            "words in front",
            "Warning: x in <b>y</b>\n<?xml version='1.0'?><rss><channel><item><title>a</title></item></channel></rss>",
            "a",
        ),
        (
            "doctype",
            "<!DOCTYPE rss [<!ENTITY w \"小麦\">]><rss><channel><item><title>&w;</title></item></channel></rss>",
            "小麦",
        ),
        (
            "html inside",
            "<rss><channel><item><description>a<br>b<img src=x></description><title>a</title></item></channel></rss>",
            "a",
        ),
        ("crossed tags", "<rss><channel><item><title>a</b></title></i></item></channel>", "a"),
        ("cut off", "<rss><channel><item><title>a</title><link>https://x", "a"),
        ("never closed", "<rss><channel><item><title>a<item><title>b</title></item>", "a"),
        ("items outside", "<rss><item><title>a</title></item></rss>", "a"),
    ] {
        assert_eq!(title(xml), expected, "{what}");
    }
    let cut = read("<rss><channel><item><title>a</title></item><item><title>b</title><description");
    assert_eq!(cut.entries.len(), 2);
    assert!(cut.broken.unwrap().contains("after "), "it says where it ended");
}

#[test]
fn every_encoding() {
    let xml = |name: &str| {
        format!(
            "<?xml version='1.0' encoding='{name}'?><rss><channel><item><title>小麦期货上涨</title></item></channel></rss>"
        )
    };
    let title = |bytes: &[u8], kind: Option<&str>| {
        parse(bytes, kind, None).unwrap().entries[0].title.clone().unwrap()
    };
    for name in ["gb18030", "gb2312", "big5"] {
        let text = if name == "big5" {
            xml(name).replace("小麦期货上涨", "小麥期貨上漲")
        } else {
            xml(name)
        };
        let encoding = encoding_rs::Encoding::for_label(name.as_bytes()).unwrap();
        let expected = if name == "big5" { "小麥期貨上漲" } else { "小麦期货上涨" };
        assert_eq!(title(&encoding.encode(&text).0, None), expected, "{name}");
        assert_eq!(title(&encoding.encode(&text).0, Some(&format!("text/xml; charset={name}"))), expected);
    }
    let text = xml("utf-8");
    let wide16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let wide32 = |bytes: fn(u32) -> [u8; 4]| text.chars().flat_map(|c| bytes(c as u32)).collect::<Vec<u8>>();
    for bytes in [
        wide16(u16::to_be_bytes),
        wide16(u16::to_le_bytes),
        wide32(u32::to_be_bytes),
        wide32(u32::to_le_bytes),
    ] {
        assert_eq!(title(&bytes, None), "小麦期货上涨");
        assert_eq!(title(&bytes, Some("text/xml")), "小麦期货上涨");
    }
    let marked = [&[0xfe, 0xff][..], &wide16(u16::to_be_bytes)].concat();
    assert_eq!(title(&marked, None), "小麦期货上涨");
    assert_eq!(title(text.as_bytes(), Some("text/xml; charset=us-ascii-nonsense")), "小麦期货上涨");
}

#[test]
fn what_is_no_feed_says_so() {
    let why = |bytes: &[u8]| parse(bytes, None, None).unwrap_err();
    assert_eq!(why(b" \n"), "no feed: it is empty");
    assert_eq!(why(b"<html><body>x</body></html>"), "no feed: no element of RSS, Atom or CDF");
    assert_eq!(why(b"{\"items\":[]}"), "no feed: neither a version of jsonfeed.org nor items");
    assert!(why(b"{").starts_with("no feed: EOF"));
    assert_eq!(why("<a>".repeat(100).as_bytes()), "no feed: no feed begins, after 195 bytes");
}

#[test]
fn what_has_no_end_ends() {
    let deep = format!("<rss><channel><item><title>a</title>{}", "<b>".repeat(100_000));
    let feed = read(&deep);
    assert!(
        feed.broken.unwrap().starts_with("elements are nested deeper than 256") && feed.entries.len() == 1
    );
    let many = format!("<rss><channel>{}", "<item><title>a</title></item>".repeat(MAX_ENTRIES + 9));
    assert_eq!(read(&many).entries.len(), MAX_ENTRIES);
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><rss><channel><item><title>&b;</title></item></channel></rss>";
    assert_eq!(first(laughs).title.unwrap(), "&a;&a;&a;", "entities are not expanded in entities");
}

#[test]
fn declared_entities_come_to_a_mebibyte_at_most() {
    let (value, uses) = ("x".repeat(1_000), "&a;".repeat(5_000));
    let summary = |uses: &str| {
        let xml = format!(
            "<!DOCTYPE x [<!ENTITY a \"{value}\">]><rss><channel><item><description>{uses}&amp;&eacute;</description>"
        );
        first(&xml).summary.unwrap()
    };
    let expanded = (1 << 20) / 1_000;
    let rest = "&a;".repeat(5_000 - expanded);
    assert!(
        summary(&uses) == format!("{}{rest}&é", value.repeat(expanded)),
        "the rest stays as it is written"
    );
    assert_eq!(summary("&a;&a;").len(), 2_003);
}

#[test]
fn a_headline_without_end_is_cut() {
    let title = |length: usize| {
        let xml = format!("<rss><channel><item><title>a{}</title></item>", "麦".repeat(length));
        first(&xml).title.unwrap()
    };
    assert_eq!(title(1_365).len(), 1 + 3 * 1_365, "4 KiB are not too long");
    assert_eq!(title(30_000).len(), 1 + 3 * 1_365, "and the cut is between characters");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse(&bytes, None, None);
        let _ = parse(&[b"<rss><item>".as_slice(), &bytes].concat(), Some("text/xml; charset=utf-16"), Some(&base()));
    }

    #[test]
    fn no_tags_make_it_panic(
        text in "(<|</|>|/>|rss|item|entry|title|link|author|name|content|&|;|#x|<!\\[CDATA\\[|\\]\\]>|<!--|-->|小|\"|=| |xmlns:a|xml:base){0,80}"
    ) {
        let _ = parse(format!("<feed>{text}").as_bytes(), None, Some(&base()));
    }

    #[test]
    fn half_a_feed_gives_no_more_than_the_whole(cut in 0usize..400) {
        let item = |n: u32| format!("<item><title>小麦 {n}</title><link>/{n}</link></item>");
        let whole = format!("<rss><channel>{}</channel></rss>", (0..6).map(item).collect::<Vec<_>>().concat());
        let end = (0..=cut.min(whole.len())).rev().find(|at| whole.is_char_boundary(*at)).unwrap();
        let entries = parse(&whole.as_bytes()[..end], None, Some(&base())).map_or(Vec::new(), |feed| feed.entries);
        let all = read(&whole).entries;
        // The last entry may be cut, those before are whole.
        let sure = entries.len().saturating_sub(1);
        prop_assert_eq!(&entries[..sure], &all[..sure]);
    }
}
