//! From the bytes of a page to text (WHATWG HTML, "determining the character encoding", shortened).

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

/// How far into a page its own word about its encoding is looked for.
const HEAD: usize = 1024;

/// Decodes: a byte order mark first, then the header's charset, the page's own, UTF-8 if it is, a guess.
/// What cannot be decoded becomes U+FFFD.
pub(super) fn decode(bytes: &[u8], content_type: &str) -> String {
    let encoding = charset(content_type)
        .or_else(|| charset(&String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD)])))
        .or_else(|| std::str::from_utf8(bytes).is_ok().then_some(UTF_8))
        .unwrap_or_else(|| guess(bytes));
    encoding.decode(bytes).0.into_owned()
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
}

/// The encoding after `charset=` in a header or a `<meta>`.
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
        assert_eq!(decode(b"", "charset=nonsense"), "");
    }
}
