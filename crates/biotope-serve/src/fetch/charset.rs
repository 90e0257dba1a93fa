//! From the bytes of a page to text (WHATWG HTML, "determining the character encoding", shortened).

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

/// How far into a page its own word about its encoding is looked for.
const HEAD: usize = 4096;

/// Decodes: a byte order mark first, then the header's charset, the page's own, a guess. A claim of UTF-8 that
/// does not hold is no claim. What cannot be decoded becomes U+FFFD.
pub(super) fn decode(bytes: &[u8], content_type: &str) -> String {
    let own = || declared(&String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD)]));
    let mark = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let encoding = match mark.or_else(|| charset(content_type)).or_else(own) {
        Some(claimed) if claimed != UTF_8 || std::str::from_utf8(bytes).is_ok() => claimed,
        _ => guess(bytes),
    };
    encoding.decode(bytes).0.into_owned()
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
}

/// The encoding that a `<meta>` of the page names. Who could read it as ASCII has no UTF-16, whatever it says.
fn declared(page: &str) -> Option<&'static Encoding> {
    let lower = page.to_ascii_lowercase();
    let mut tags = lower.split("<meta").skip(1).filter_map(|rest| rest.split('>').next());
    tags.find_map(charset).map(Encoding::output_encoding)
}

/// The encoding after `charset=` in a header or a tag.
fn charset(text: &str) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    let rest = lower.split_once("charset=")?.1.trim_start_matches(['"', '\'', ' ']);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-_:.".contains(c)).unwrap_or(rest.len());
    Encoding::for_label(&rest.as_bytes()[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_then_page_then_guess() {
        let gbk = encoding_rs::GBK.encode("小麦出口增加,价格上涨,市场预期明年继续走高").0;
        assert!(decode(&gbk, "text/html; charset=gb2312").contains("小麦"));
        let page = [b"<meta charset=\"gbk\">".as_slice(), &gbk].concat();
        assert!(decode(&page, "text/html").contains("小麦"));
        assert!(decode(&gbk, "text/html").contains("小麦"));
        assert_eq!(decode("né 麦".as_bytes(), "text/html"), "né 麦");
        assert_eq!(decode(b"caf\xe9", "text/html; charset=iso-8859-1"), "café");
        assert!(decode(&gbk, "text/html; charset=utf-8").contains("小麦"), "a false claim is no claim");
        assert_eq!(decode(b"", "charset=nonsense"), "");
    }
}
