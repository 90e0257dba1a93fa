//! A page before it is parsed: what holds no text goes, and size, depth and attributes get a bound.
//!
//! A tree builder takes quadratic time for deep nesting and for many attributes, and most of a page's bytes are scripts,
//! styles and drawings. So one pass over the markup drops those, cuts the nesting at [`DEPTH`] as browsers do, and keeps
//! of the attributes what extraction reads.

/// Deepest nesting that is kept; browsers stop at 512.
pub(crate) const DEPTH: usize = 200;
/// Most bytes of markup that are kept.
const BYTES: usize = 4 << 20;
/// Longest value of an attribute, and most attributes of a tag.
const VALUE: (usize, usize) = (4096, 24);
/// Longest `ld+json` block, and most of them.
const LINKED: (usize, usize) = (1 << 20, 16);

/// Elements that go with all that they hold.
const DROPPED: [&str; 15] = [
    "script", "style", "svg", "noscript", "template", "iframe", "object", "canvas", "textarea", "select",
    "math", "audio", "video", "map", "datalist",
];
/// Elements without an end.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];
/// Elements whose end may be left out: the next of their kind ends them.
const OPTIONAL: [&str; 9] = ["p", "li", "dt", "dd", "tr", "td", "th", "option", "tbody"];
/// What holds several of [`OPTIONAL`] apart.
const HOLDERS: [&str; 8] = ["table", "ul", "ol", "dl", "div", "section", "article", "blockquote"];
/// Attributes that extraction reads.
const KEPT: [&str; 22] = [
    "class",
    "id",
    "href",
    "lang",
    "role",
    "name",
    "property",
    "content",
    "itemprop",
    "itemtype",
    "datetime",
    "rel",
    "type",
    "hidden",
    "aria-hidden",
    "style",
    "data-component",
    "data-testid",
    "title",
    "http-equiv",
    "alt",
    "pubdate",
];

/// The page without what holds no text.
#[derive(Debug, Default)]
pub(crate) struct Slim {
    /// Markup that is left.
    pub(crate) html: String,
    /// The `ld+json` blocks, as they stand.
    pub(crate) linked: Vec<String>,
    /// Whether something was cut off because of a limit.
    pub(crate) cut: bool,
    open: Vec<String>,
    over: usize,
    /// Elements of which no end follows any more.
    endless: Vec<String>,
}

/// One pass over the markup.
pub(crate) fn slim(html: &str) -> Slim {
    let mut out = Slim { html: String::with_capacity(html.len() / 2), ..Slim::default() };
    let mut rest = html;
    while !rest.is_empty() {
        if out.html.len() > BYTES {
            out.cut = true;
            break;
        }
        let at = rest.find('<').unwrap_or(rest.len());
        out.text(&rest[..at]);
        rest = out.markup(&rest[at..]);
    }
    out
}

impl Slim {
    fn text(&mut self, text: &str) {
        let room = (BYTES + 1).saturating_sub(self.html.len());
        self.cut |= text.len() > room;
        let text = &text[..text.floor_char_boundary(room)];
        if text.contains('\0') {
            self.html.extend(text.chars().filter(|c| *c != '\0'));
        } else {
            self.html.push_str(text);
        }
    }

    /// Takes the markup at the beginning of `rest` and gives what follows it.
    fn markup<'a>(&mut self, rest: &'a str) -> &'a str {
        let Some(second) = rest.as_bytes().get(1) else { return "" };
        match second {
            b'!' if rest.starts_with("<!--") => after(rest, 4, "-->"),
            b'!' | b'?' => {
                let next = after(rest, 2, ">");
                let whole = &rest[..rest.len() - next.len()];
                if whole.len() < 200 && whole[2..].to_ascii_lowercase().starts_with("doctype") {
                    self.html.push_str(whole);
                }
                next
            }
            b'/' => self.end(rest),
            letter if letter.is_ascii_alphabetic() => self.start(rest),
            _ => {
                self.html.push_str("&lt;");
                &rest[1..]
            }
        }
    }

    fn end<'a>(&mut self, rest: &'a str) -> &'a str {
        let name = name(&rest[2..]);
        let next = after(rest, 2, ">");
        if VOID.contains(&name.as_str()) || DROPPED.contains(&name.as_str()) {
            return next;
        }
        if self.over > 0 && !self.open.contains(&name) {
            self.over -= 1;
            return next;
        }
        if let Some(at) = self.open.iter().rposition(|open| *open == name) {
            self.open.truncate(at);
            self.over = 0;
        }
        self.html.push_str("</");
        self.html.push_str(&name);
        self.html.push('>');
        next
    }

    fn start<'a>(&mut self, rest: &'a str) -> &'a str {
        let name = name(&rest[1..]);
        let (attributes, next) = attributes(&rest[1 + name.len()..]);
        if DROPPED.contains(&name.as_str()) {
            return self.dropped(&name, &attributes, next);
        }
        if !VOID.contains(&name.as_str()) && !self.enter(&name) {
            self.html.push(' ');
            return next;
        }
        self.html.push('<');
        self.html.push_str(&name);
        for (key, value) in attributes.iter().filter(|(key, value)| is_kept(key, value)).take(VALUE.1) {
            self.attribute(key, value);
        }
        self.html.push('>');
        next
    }

    fn attribute(&mut self, key: &str, value: &str) {
        self.html.push(' ');
        self.html.push_str(key);
        self.html.push_str("=\"");
        let value = &value[..value.floor_char_boundary(VALUE.0)];
        for part in value.split_inclusive('"') {
            self.html.push_str(part.strip_suffix('"').unwrap_or(part));
            self.html.push_str(if part.ends_with('"') { "&quot;" } else { "" });
        }
        self.html.push('"');
    }

    /// Whether the element may open at this depth.
    fn enter(&mut self, name: &str) -> bool {
        if OPTIONAL.contains(&name) {
            let holder =
                self.open.iter().rposition(|open| HOLDERS.contains(&open.as_str())).map_or(0, |at| at + 1);
            if let Some(at) = self.open[holder..].iter().position(|open| open == name) {
                self.open.truncate(holder + at);
            }
        }
        if self.open.len() >= DEPTH {
            (self.over, self.cut) = (self.over + 1, true);
            return false;
        }
        self.open.push(name.to_owned());
        true
    }

    /// Goes past an element that holds no text.
    fn dropped<'a>(&mut self, name: &str, attributes: &[(String, &str)], next: &'a str) -> &'a str {
        let known = self.endless.iter().any(|endless| endless == name);
        let Some(end) = Some(name).filter(|_| !known).and_then(|name| find_end(next, name)) else {
            if !known {
                self.endless.push(name.to_owned());
            }
            // Without an end a script swallows the page; the others are taken for empty.
            return if matches!(name, "script" | "style" | "textarea") { "" } else { next };
        };
        let is_linked =
            |(key, value): &(String, &str)| key == "type" && value.to_ascii_lowercase().contains("ld+json");
        if name == "script"
            && attributes.iter().any(is_linked)
            && end < LINKED.0
            && self.linked.len() < LINKED.1
        {
            self.linked.push(next[..end].to_owned());
        }
        self.html.push(' ');
        after(next, end, ">")
    }
}

/// Where `</name` begins, whatever its case.
fn find_end(text: &str, name: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text[from..].find("</") {
        let start = from + at + 2;
        let is_end = text
            .as_bytes()
            .get(start..start + name.len())
            .is_some_and(|t| t.eq_ignore_ascii_case(name.as_bytes()));
        if is_end {
            return Some(start - 2);
        }
        from = start;
    }
    None
}

/// What follows the first `end` at or behind `from`; nothing if there is none.
fn after<'a>(text: &'a str, from: usize, end: &str) -> &'a str {
    text.get(from..).and_then(|tail| tail.find(end)).map_or("", |at| &text[from + at + end.len()..])
}

fn name(text: &str) -> String {
    let end = text.find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').unwrap_or(text.len());
    text[..end].to_ascii_lowercase()
}

fn is_kept(key: &str, value: &str) -> bool {
    match key {
        "style" => ["display", "visibility", "hidden"].iter().any(|word| value.contains(word)),
        key => KEPT.contains(&key),
    }
}

/// The attributes of a tag, names lower-case, and what follows the tag.
fn attributes(mut text: &str) -> (Vec<(String, &str)>, &str) {
    let mut found = Vec::new();
    loop {
        text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if text.is_empty() {
            return (found, "");
        }
        if let Some(rest) = text.strip_prefix('>') {
            return (found, rest);
        }
        let is_end = |(_, c): &(usize, char)| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/');
        let end = text.char_indices().skip(1).find(is_end).map_or(text.len(), |(at, _)| at);
        let (key, rest) = text.split_at(end);
        let (value, rest) = value(rest);
        if found.len() < 64 && key.len() < 64 {
            found.push((key.to_ascii_lowercase(), value));
        }
        text = rest;
    }
}

/// The value behind an attribute's name, and what follows.
fn value(text: &str) -> (&str, &str) {
    let trimmed = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let Some(rest) = trimmed.strip_prefix('=') else { return ("", text) };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
    if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = &rest[1..];
        return inner.find(quote).map_or((inner, ""), |end| (&inner[..end], &inner[end + 1..]));
    }
    rest.split_at(rest.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_no_text_goes() {
        let page = "<!DOCTYPE html><html><!-- no --><head><script>if (a<b) {}</script><script type='application/ld+json'>{\"a\":1}</script>\
                    <style>p{}</style></head><body onload=x() class='a \"b\"'><p style=\"color:red\" data-x=1>小麦 < 2 &amp; 3<svg><path/></svg></p></body>";
        let slim = slim(page);
        assert_eq!(
            slim.html,
            "<!DOCTYPE html><html><head>   </head><body class=\"a &quot;b&quot;\"><p>小麦 &lt; 2 &amp; 3 </p></body>"
        );
        assert_eq!((slim.linked, slim.cut), (vec!["{\"a\":1}".to_owned()], false));
    }

    #[test]
    fn nesting_is_bounded_and_what_follows_is_not_lost() {
        let deep = format!("{}x{}<p>after</p>", "<div>".repeat(10_000), "</div>".repeat(10_000));
        let slim_deep = slim(&deep);
        assert!(
            slim_deep.cut && slim_deep.html.ends_with("</div><p>after</p>"),
            "{}",
            &slim_deep.html[slim_deep.html.len() - 40..]
        );
        assert_eq!(slim_deep.html.matches("<div>").count(), DEPTH);
        let list = format!("<ul>{}</ul>", "<li><p>one<b>two</b>".repeat(1000));
        assert!(!slim(&list).cut);
    }

    #[test]
    fn broken_markup_ends() {
        for page in [
            "<",
            "</",
            "<a",
            "<a href",
            "<a href=\"",
            "<!--",
            "<script>",
            "<p é=1>x",
            "\0<b\0>",
            "<a ==>",
            "<é",
        ] {
            let _ = slim(page);
        }
        assert_eq!(slim("a\0b<é>").html, "ab&lt;é>");
        assert!(slim(&"x".repeat(BYTES + 10)).cut);
    }
}
