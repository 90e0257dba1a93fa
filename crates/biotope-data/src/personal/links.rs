//! Where web addresses stand: whatever follows `scheme://` or `www.`, up to a space, a quote or a Chinese sign.

use super::page::is_ideographic;
use super::replaced::is_mark;

/// Longest name of a scheme.
const SCHEME: usize = 16;

/// The web addresses of a text, in order: (start, end) in bytes. What lies inside an address begins none.
pub(crate) fn find(text: &str, colons: &[usize]) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let schemes = colons.iter().filter(|at| bytes[**at..].starts_with(b"://")).map(|at| (*at, true));
    let mut marks: Vec<(usize, bool)> = schemes.collect();
    if bytes.len() > 8 {
        marks.extend(memchr::memmem::find_iter(bytes, "www.").map(|at| (at, false)));
        marks.sort_unstable();
    }
    let (mut found, mut done) = (Vec::new(), 0);
    for (at, scheme) in marks {
        if at < done {
            continue;
        }
        let link = if scheme { with_scheme(text, at) } else { without_scheme(text, at) };
        if let Some((start, end)) = link.filter(|(start, _)| *start >= done) {
            found.push((start, end));
            done = end;
        }
    }
    found
}

fn with_scheme(text: &str, colon: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let letters = bytes[..colon].iter().rev().take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b));
    let start = colon - letters.take(SCHEME).count();
    let start = start + bytes[start..colon].iter().position(u8::is_ascii_alphabetic)?;
    let end = end(text, colon + 3);
    (end > colon + 3).then_some((start, end))
}

fn without_scheme(text: &str, start: usize) -> Option<(usize, usize)> {
    let joined = |c: char| c.is_ascii_alphanumeric() || "/.-@_".contains(c);
    if text[..start].chars().next_back().is_some_and(joined) {
        return None;
    }
    let end = end(text, start);
    text[start + 4..end.max(start + 4)].contains('.').then_some((start, end))
}

/// Where an address ends: closing punctuation is not part of it.
fn end(text: &str, start: usize) -> usize {
    let ends = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || "\"<>`{}|\\^，。；！？、（）《》「」『』【】“”‘’".contains(c)
            || is_ideographic(c)
    };
    let link = &text[start..];
    // Both at once: a text of many marks and no space would else be read to its end for each.
    let stop = link.char_indices().find(|(at, c)| ends(*c) || is_mark(&link[*at..]));
    let link = &link[..stop.map_or(link.len(), |(at, _)| at)];
    let trimmed = link.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', ')', ']', '*']);
    // A closing bracket that was opened inside belongs to the address.
    let open = trimmed.matches('(').count() > trimmed.matches(')').count();
    let back = usize::from(open && link[trimmed.len()..].starts_with(')'));
    start + trimmed.len() + back
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<&str> {
        let colons: Vec<usize> = text.match_indices(':').map(|(at, _)| at).collect();
        find(text, &colons).into_iter().map(|(start, end)| &text[start..end]).collect()
    }

    #[test]
    fn addresses_end_where_the_sentence_goes_on() {
        assert_eq!(
            links("See http://a.example/x(1), or (https://b.example/?q=1&r=2)."),
            ["http://a.example/x(1)", "https://b.example/?q=1&r=2"]
        );
        assert_eq!(
            links("网址https://xinwen.example/新闻，请看www.b.example。"),
            ["https://xinwen.example/", "www.b.example"]
        );
        assert_eq!(
            links("ftp://u:p@h.example http:// www. at 10:30 awww.x.example"),
            ["ftp://u:p@h.example"]
        );
    }
}
