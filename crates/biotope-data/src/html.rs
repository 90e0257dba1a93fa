//! The little of HTML that is read without a parser.

use std::sync::LazyLock;

use regex::Regex;

static TAG: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?is)<meta\b[^>]{1,2000}>"));
static PAIR: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?is)([a-z:\-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"#));

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

/// The value of an attribute in one tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let found = PAIR.captures_iter(tag).find(|pair| pair[1].eq_ignore_ascii_case(name))?;
    found.get(2).or_else(|| found.get(3)).or_else(|| found.get(4)).map(|value| value.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_order_do_not_matter() {
        let html = "<META content='体育' property=\"article:section\"><meta name=date content=1987-04-08>";
        assert_eq!(meta(html, "article:section").as_deref(), Some("体育"));
        assert_eq!(meta(html, "DATE").as_deref(), Some("1987-04-08"));
        assert_eq!(meta(html, "author"), None);
    }
}
