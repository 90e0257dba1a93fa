//! The little of HTML that is read without a parser.

use std::sync::LazyLock;

use regex::Regex;

static TAG: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?is)<meta\b[^>]{1,2000}>"));
static PAIR: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?is)([a-z:\-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"#));

static ANY: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)<!--.*?-->|</?([A-Za-z0-9]*)[^>]*>"));

/// Tags that do not end a line.
const INLINE: [&str; 20] = [
    "a", "abbr", "b", "cite", "code", "del", "em", "font", "i", "ins", "mark", "q", "s", "small", "span",
    "strong", "sub", "sup", "time", "u",
];

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is constant")
}

/// The content of `<meta name=.. content=..>` or with `property` or `itemprop`.
pub(crate) fn meta(html: &str, wanted: &str) -> Option<String> {
    let is_wanted = |tag: &str| {
        let name = |key| attribute(tag, key).is_some_and(|name| name.eq_ignore_ascii_case(wanted));
        name("name") || name("property") || name("itemprop")
    };
    let tag = TAG.find_iter(html).map(|tag| tag.as_str()).find(|tag| is_wanted(tag))?;
    attribute(tag, "content")
}

/// The text of well-formed HTML: a line per block, without tags, white space run together, no empty line.
pub(crate) fn text(html: &str) -> String {
    let (mut marked, mut end) = (String::with_capacity(html.len()), 0);
    for tag in ANY.captures_iter(html) {
        let whole = tag.get(0).expect("a match has a whole");
        marked.push_str(&html[end..whole.start()].replace('\n', " "));
        end = whole.end();
        match tag.get(1).map_or("", |name| name.as_str()) {
            "td" | "th" => marked.push(' '),
            name if INLINE.contains(&name.to_ascii_lowercase().as_str()) => {}
            _ => marked.push('\n'),
        }
    }
    marked.push_str(&html[end..].replace('\n', " "));
    let line = |line: &str| unescape(&line.split_whitespace().collect::<Vec<_>>().join(" "));
    marked.lines().map(line).filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

/// The entities that a serializer writes.
fn unescape(text: &str) -> String {
    let pairs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

/// The value of an attribute in one tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let found = PAIR.captures_iter(tag).find(|pair| pair[1].eq_ignore_ascii_case(name))?;
    found.get(2).or_else(|| found.get(3)).or_else(|| found.get(4)).map(|value| value.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_lines_and_tags_within_them_are_nothing() {
        let html = "<p>One <b>bo</b>ld\nword &amp; &lt;more&gt;.</p><!-- <p>no</p> --><div>小麦<br>上涨</div>\n<ul><li>a</li><li> </li></ul>\
                    <table><tr><td>1</td><td>2</td></tr></table>tail";
        assert_eq!(text(html), "One bold word & <more>.\n小麦\n上涨\na\n1 2\ntail");
    }

    #[test]
    fn quotes_and_order_do_not_matter() {
        let html = "<META content='体育' property=\"article:section\"><meta name=date content=1987-04-08>";
        assert_eq!(meta(html, "article:section").as_deref(), Some("体育"));
        assert_eq!(meta(html, "DATE").as_deref(), Some("1987-04-08"));
        assert_eq!(meta(html, "author"), None);
    }
}
