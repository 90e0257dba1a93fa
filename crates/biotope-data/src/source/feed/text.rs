//! Text of feeds: entities, and markup where plain text belongs.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::entities;

/// Longest text that is made plain. A start of a comment or script makes the search run to the end of the text, so many
/// of them in one long text would take for ever; no headline is that long.
const MAX_PLAIN: usize = 4 << 10;

static TAG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?is)<!--.*?-->|<script\b.*?</script\s*>|<style\b.*?</style\s*>|</?[A-Za-z][A-Za-z0-9:-]*(?:\s[^<>]*)?/?>").expect("the pattern is constant")
});

static ENTITY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"&(#?[A-Za-z0-9]{1,32});").expect("the pattern is constant"));

/// What stands for an entity's name (`amp`, `#8364`, `#x20AC`, `eacute`), if it is known.
pub(crate) fn entity(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else {
        return entities::named(name).map(String::from);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    // Numbers of control characters are meant as windows-1252 (HTML standard, 13.2.5.80).
    if (0x80..0xa0).contains(&code) {
        return Some(encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[code as u8]).0.into_owned());
    }
    char::from_u32(code).filter(|c| is_allowed(*c)).map(String::from)
}

/// Whether XML 1.0 allows a character.
fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// Plain text in one line: without tags and entities, cut after 64 KiB.
pub(super) fn plain(text: &str) -> String {
    let text = TAG.replace_all(&text[..text.floor_char_boundary(MAX_PLAIN)], "");
    let named = |found: &Captures| entity(&found[1]).unwrap_or_else(|| found[0].to_owned());
    let text = ENTITY.replace_all(&text, named);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
