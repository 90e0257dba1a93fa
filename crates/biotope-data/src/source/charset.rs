//! From bytes to text: byte order mark, then what the server said, then what the page says, then what it looks like.

use std::sync::LazyLock;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use regex::bytes::Regex;

/// How far into a page its own declaration is looked for.
const HEAD: usize = 4096;

static META: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:<meta[^>]{0,200}?charset\s*=\s*["']?|<\?xml[^>]{0,100}?encoding\s*=\s*["'])\s*([a-z0-9_:.\-]{2,40})"#)
        .expect("the pattern is constant")
});

static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)charset\s*=\s*["']?([a-z0-9_:.\-]{2,40})"#).expect("the pattern is constant")
});

/// The text of a page and the name of its encoding. What cannot be decoded becomes U+FFFD; a claim of UTF-8 that does
/// not hold is no claim.
pub fn decode(bytes: &[u8], content_type: Option<&str>) -> (String, &'static str) {
    let encoding = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let encoding = encoding.or_else(|| content_type.and_then(|header| named(&HEADER, header.as_bytes())));
    let encoding = encoding.or_else(|| named(&META, &bytes[..bytes.len().min(HEAD)]));
    // Pages often claim UTF-8 wrongly and hardly ever are UTF-8 by chance.
    let encoding = match encoding {
        Some(claimed) if claimed != UTF_8 || std::str::from_utf8(bytes).is_ok() => claimed,
        _ => guess(bytes),
    };
    let (text, used, _) = encoding.decode(bytes);
    (text.into_owned(), used.name())
}

/// The text of an XML document and the name of its encoding: as [`decode`], but XML without a declaration may be UTF-16
/// or UTF-32 by its first four bytes (XML 1.0, appendix F).
pub fn decode_xml(bytes: &[u8], content_type: Option<&str>) -> (String, &'static str) {
    let wide = |text: fn([u8; 4]) -> u32, bytes: &[u8]| -> String {
        let unit = |four: &[u8]| char::from_u32(text([four[0], four[1], four[2], four[3]]));
        bytes.chunks_exact(4).map(|four| unit(four).unwrap_or('\u{fffd}')).collect()
    };
    match bytes {
        [0, 0, 0xfe, 0xff, rest @ ..] | rest @ [0, 0, 0, b'<', ..] => {
            (wide(u32::from_be_bytes, rest), "UTF-32BE")
        }
        [0xff, 0xfe, 0, 0, rest @ ..] | rest @ [b'<', 0, 0, 0, ..] => {
            (wide(u32::from_le_bytes, rest), "UTF-32LE")
        }
        [0, b'<', 0, _, ..] => (UTF_16BE.decode(bytes).0.into_owned(), "UTF-16BE"),
        [b'<', 0, _, 0, ..] => (UTF_16LE.decode(bytes).0.into_owned(), "UTF-16LE"),
        _ => decode(bytes, content_type),
    }
}

fn named(pattern: &Regex, bytes: &[u8]) -> Option<&'static Encoding> {
    let label = pattern.captures(bytes)?.get(1)?.as_bytes();
    // A page that can be read as ASCII up to here is not UTF-16, whatever it says (HTML standard, 13.2.3.2).
    Encoding::for_label_no_replacement(label).map(Encoding::output_encoding)
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<p>小麦期货价格周一上涨，交易员说出口需求强劲。</p>";

    fn gbk(text: &str) -> Vec<u8> {
        encoding_rs::GBK.encode(text).0.into_owned()
    }

    #[test]
    fn each_way_to_know_the_encoding() {
        let meta = format!("<meta charset='gb2312'>{TEXT}");
        assert_eq!(decode(&gbk(&meta), None), (meta.clone(), "GBK"));
        assert_eq!(decode(&gbk(TEXT), Some("text/html; charset=GB18030")).0, TEXT);
        assert_eq!(decode(&gbk(TEXT), None).0, TEXT);
        assert_eq!(decode(TEXT.as_bytes(), None), (TEXT.to_owned(), "UTF-8"));
        assert_eq!(decode(&gbk(TEXT), Some("text/html; charset=utf-8")).0, TEXT, "a false claim is no claim");
        assert_eq!(decode(b"", Some("charset=nonsense")).0, "");
        assert_eq!(
            decode(&[b"\xef\xbb\xbf", TEXT.as_bytes()].concat(), Some("text/html; charset=latin1")).0,
            TEXT
        );
        let latin =
            decode(b"<p>caf\xe9 au lait \xe0 la carte, d\xe9j\xe0 vu</p>", Some("text/html; charset=utf-8"));
        assert_eq!(latin.0, "<p>café au lait à la carte, déjà vu</p>");
    }

    /// Said by the server, by the page, and by nobody.
    #[test]
    fn the_encodings_of_east_asia() {
        for (label, text) in [
            ("gb18030", "小麦期货周一在芝加哥上涨，交易员报告海外需求强劲，玉米和大豆跟随走高。"),
            ("big5", "小麥期貨週一在芝加哥上漲，交易員報告海外需求強勁，玉米和大豆跟隨走高。"),
            ("shift_jis", "小麦先物は月曜日にシカゴで上昇し、トレーダーは海外からの強い需要を報告した。"),
            ("euc-jp", "小麦先物は月曜日にシカゴで上昇し、トレーダーは海外からの強い需要を報告した。"),
            ("euc-kr", "밀 선물은 월요일 시카고에서 상승했으며 거래자들은 해외의 강한 수요를 보고했다."),
            ("windows-1251", "Фьючерсы на пшеницу выросли в понедельник в Чикаго на фоне спроса."),
        ] {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let page = format!("<html><title>{text}</title><p>{text}</p>");
            let said = format!("<meta charset={label}>{page}");
            let header = format!("text/html; charset=\"{label}\"");
            assert_eq!(decode(&encoding.encode(&page).0, Some(&header)).0, page, "{label} by the server");
            assert_eq!(decode(&encoding.encode(&said).0, Some("text/html")).0, said, "{label} by the page");
            assert_eq!(decode(&encoding.encode(&page).0, None).0, page, "{label} by its looks");
        }
    }

    #[test]
    fn wide_xml_without_a_mark() {
        let xml = "<?xml version='1.0'?><a>小麦</a>";
        let little: Vec<u8> = xml.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode_xml(&little, None), (xml.to_owned(), "UTF-16LE"));
        let big: Vec<u8> = xml.chars().flat_map(|c| (c as u32).to_be_bytes()).collect();
        assert_eq!(decode_xml(&[&[0, 0, 0xfe, 0xff], &big[..]].concat(), None), (xml.to_owned(), "UTF-32BE"));
        assert_eq!(decode_xml(&big[..big.len() - 1], None).1, "UTF-32BE");
    }
}
