//! Mojibake: text that was written in one encoding and read in another, turned back.
//!
//! UTF-8 read as windows-1252 or Latin-1 gives `Ã©` for `é` and `â€™` for `’`; read as GBK it gives `鏂伴椈` for `新闻`. The
//! characters are encoded as they were wrongly decoded; if the bytes are UTF-8, and if by chance they would hardly be,
//! the text is what they say.

use biotope_core::{Config, Document};
use encoding_rs::{GBK, WINDOWS_1252};
use serde::{Deserialize, Serialize};

use crate::step::{Step, Verdict};

/// A text may have gone through the mill more than once.
const ROUNDS: usize = 4;

/// What is repaired, in title and text. Doing it twice changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RepairUnicode {
    /// UTF-8 that was read as windows-1252 or Latin-1.
    pub latin: bool,
    /// UTF-8 that was read as GBK.
    pub gbk: bool,
}

impl Default for RepairUnicode {
    fn default() -> Self {
        Self { latin: true, gbk: true }
    }
}

impl Config for RepairUnicode {
    const NAME: &'static str = "repair-unicode";
    const SUMMARY: &'static str = "mojibake: UTF-8 that was read as windows-1252, Latin-1 or GBK";
}

impl RepairUnicode {
    /// The text as it was written, if it can be told.
    ///
    /// ```
    /// use biotope_data::steps::repair_unicode::RepairUnicode;
    /// let repaired = RepairUnicode::default().repair("The cafÃ© isnâ€™t open. 鏂伴椈鎶ラ亾");
    /// assert_eq!(repaired.as_deref(), Some("The café isn’t open. 新闻报道"));
    /// ```
    pub fn repair(&self, text: &str) -> Option<String> {
        if text.is_ascii() {
            return None;
        }
        let mut current: Option<String> = None;
        for _ in 0..ROUNDS {
            let now = current.as_deref().unwrap_or(text);
            let next = self.round(now);
            if next == now {
                break;
            }
            current = Some(next);
        }
        current
    }

    fn round(&self, text: &str) -> String {
        let latin = if self.latin {
            stretches(text, |c| latin_byte(c).is_some(), read_latin)
        } else {
            text.to_owned()
        };
        if self.gbk { stretches(&latin, gbk_like, read_gbk) } else { latin }
    }
}

/// Replaces each longest stretch of characters that `belongs` accepts by what `read` makes of it.
fn stretches(text: &str, belongs: impl Fn(char) -> bool, read: impl Fn(&str) -> Option<String>) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(&belongs) {
        clean.push_str(&rest[..start]);
        let stretch = &rest[start..];
        let end = stretch.find(|c| !belongs(c)).unwrap_or(stretch.len());
        match read(&stretch[..end]) {
            Some(better) => clean.push_str(&better),
            None => clean.push_str(&stretch[..end]),
        }
        rest = &stretch[end..];
    }
    clean.push_str(rest);
    clean
}

/// The byte from 0x80 on that windows-1252 or Latin-1 reads as this character.
fn latin_byte(c: char) -> Option<u8> {
    if c.is_ascii() {
        return None;
    }
    if let code @ 0x80..=0xff = u32::from(c) {
        return Some(code as u8);
    }
    let mut buffer = [0; 4];
    let (bytes, _, failed) = WINDOWS_1252.encode(c.encode_utf8(&mut buffer));
    (!failed && bytes.len() == 1).then(|| bytes[0])
}

/// What a stretch of such characters says as UTF-8, character by character where it holds.
fn read_latin(stretch: &str) -> Option<String> {
    let bytes: Vec<u8> = stretch.chars().filter_map(latin_byte).collect();
    let whole = std::str::from_utf8(&bytes).is_ok();
    let (mut clean, mut changed) = (String::new(), false);
    let mut at = 0;
    let chars: Vec<char> = stretch.chars().collect();
    while at < bytes.len() {
        let length = utf8_length(bytes[at]);
        let said = bytes.get(at..at + length).and_then(|part| std::str::from_utf8(part).ok());
        if let Some(said) =
            said.filter(|_| length > 1 && is_telling(bytes[at], length, whole && bytes.len() > 2))
        {
            clean.push_str(said);
            (at, changed) = (at + length, true);
        } else {
            clean.push(chars[at]);
            at += 1;
        }
    }
    changed.then_some(clean)
}

/// Length of the UTF-8 sequence that a byte begins.
fn utf8_length(first: u8) -> usize {
    match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    }
}

/// Whether nobody writes such characters in a row: three or more always are; two if the first is `Ã` or `Â`, as for the
/// letters of western Europe, or if the stretch is several such pairs and nothing else, as for Greek or Cyrillic.
fn is_telling(first: u8, length: usize, all: bool) -> bool {
    length > 2 || matches!(first, 0xc2 | 0xc3) || all
}

/// Ideographs, kana and what else GBK makes of Chinese in UTF-8.
fn gbk_like(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{e000}'..='\u{f8ff}' | '\u{ff00}'..='\u{ffef}'
        | '\u{2010}'..='\u{2312}' | '\u{2500}'..='\u{2642}' | '\u{fffd}')
        || matches!(u32::from(c), 0xa4..=0x451)
}

/// What a stretch says as UTF-8 behind GBK: at least two ideographs and nothing strange. A last character that lost
/// its tail stays as the replacement character.
fn read_gbk(stretch: &str) -> Option<String> {
    let lost = stretch.ends_with('\u{fffd}');
    let whole = stretch.trim_end_matches('\u{fffd}');
    if whole.chars().count() < 3 || whole.contains('\u{fffd}') {
        return None;
    }
    let (bytes, _, failed) = GBK.encode(whole);
    if failed {
        return None;
    }
    let said = match std::str::from_utf8(&bytes) {
        Ok(said) => said.to_owned(),
        Err(error) if error.error_len().is_none() && lost => {
            let said = std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?;
            format!("{said}\u{fffd}")
        }
        Err(_) => return None,
    };
    let chinese = said.chars().filter(|c| matches!(c, '\u{4e00}'..='\u{9fff}')).count();
    let plain = |c: char| matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}' | '\u{2010}'..='\u{203f}' | '·' | '\u{fffd}');
    (chinese >= 2 && said.chars().all(plain)).then_some(said)
}

impl Step for RepairUnicode {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn apply(&self, mut doc: Document) -> Verdict {
        let text = self.repair(&doc.text);
        let title = doc.title.as_deref().and_then(|title| self.repair(title));
        if text.is_some() || title.is_some() {
            let count = |before: &str, after: Option<&String>| {
                after.map_or(0, |after| before.chars().count().saturating_sub(after.chars().count()))
            };
            let fewer =
                count(&doc.text, text.as_ref()) + count(doc.title.as_deref().unwrap_or(""), title.as_ref());
            doc.trace(Self::NAME, format!("read again as UTF-8: {fewer} characters fewer"));
        }
        doc.text = text.unwrap_or(doc.text);
        doc.title = title.or(doc.title);
        Verdict::Keep(doc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn repair(text: &str) -> String {
        RepairUnicode::default().repair(text).unwrap_or_else(|| text.to_owned())
    }

    /// UTF-8 read in another encoding.
    fn broken(text: &str, encoding: &'static encoding_rs::Encoding) -> String {
        encoding.decode_without_bom_handling(text.as_bytes()).0.into_owned()
    }

    #[test]
    fn what_was_read_as_windows_1252_comes_back() {
        for text in [
            "Café au lait – “ici” isn’t naïve",
            "Größe: 5 €",
            "Пшеница дорожает",
            "小麦期货上涨，交易员说",
            "📈 up",
        ] {
            assert_eq!(repair(&broken(text, WINDOWS_1252)), text);
            assert_eq!(repair(&broken(&broken(text, WINDOWS_1252), WINDOWS_1252)), text, "twice");
            let latin1: String = text.bytes().map(char::from).collect();
            assert_eq!(repair(&latin1), text, "Latin-1");
        }
    }

    #[test]
    fn what_was_read_as_gbk_comes_back() {
        for text in ["小麦期货", "中国经济增长强劲有力", "芝加哥：小麦期货"] {
            let broken = broken(text, GBK);
            assert_ne!(broken, text);
            assert_eq!(repair(&broken), text);
        }
        // An odd number of bytes loses the last character.
        assert_eq!(repair(&broken("小麦上涨了", GBK)), "小麦上涨\u{fffd}");
    }

    #[test]
    fn what_is_right_stays() {
        for text in [
            "Café “Müller” – ‘naïve’ œuvre, Ångström, São Paulo, ÖLÜ“, Ã, Â 5",
            "小麦期货周一在芝加哥上涨，交易员报告海外需求强劲；玉米“下跌”。",
            "小麥期貨週一上漲，交易員說海外需求強勁。東京で小麦が上がった。",
            "Пшеница дорожает. Το σιτάρι ακριβαίνει. القمح يرتفع",
            "涓涓细流，鏖战娴熟",
        ] {
            assert_eq!(repair(text), text);
        }
    }

    proptest! {
        #[test]
        fn twice_is_once(text in "(\\PC|[Ã©â€™Â涓枃鏂伴椈\u{fffd}]){0,30}") {
            let once = repair(&text);
            prop_assert_eq!(repair(&once), once);
        }

        #[test]
        fn latin_letters_survive(text in "[a-zà-ÿ ]{0,40}") {
            prop_assert_eq!(repair(&broken(&text, WINDOWS_1252)), repair(&text));
        }
    }
}
