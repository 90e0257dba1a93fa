//! What may stand around a phone number, and extensions behind it.

use super::super::super::page::{Page, is_word};

/// Units behind a number that make it a quantity.
const UNITS: [char; 20] = [
    '元', '美', '股', '吨', '人', '万', '亿', '千', '百', '%', '％', '倍', '桶', '公', '平', '欧', '英',
    '日', '港', '°',
];
/// The same in words.
const WORDS: [&str; 22] = [
    "million", "billion", "thousand", "shares", "tons", "tonnes", "people", "dollars", "dlrs", "euros",
    "pounds", "barrels", "percent", "pct", "cts", "mln", "bln", "km", "miles", "times", "votes", "units",
];

/// No digit, decimal sign or currency right before.
pub(super) fn opens(page: &Page<'_>, start: usize) -> bool {
    let mut back = page.text()[..start].chars().rev();
    let last = back.next();
    let digit_before = back.next().is_some_and(|c| c.is_ascii_digit());
    match last {
        None => true,
        Some('.' | ',' | '-' | '/') if digit_before => false,
        Some('$' | '€' | '£' | '¥' | '￥' | '#' | '_' | '=' | '+' | '−') => false,
        Some(c) => !is_word(c),
    }
}

/// No digit, decimal part or unit right after.
pub(super) fn closes(page: &Page<'_>, end: usize) -> bool {
    let after = &page.text()[end..];
    let spaces = after.len() - after.trim_start_matches(' ').len();
    let rest = &after[spaces..];
    let mut chars = rest.chars();
    let (first, second) = (chars.next(), chars.next());
    match first {
        Some(c) if UNITS.contains(&c) => false,
        Some('.' | ',' | '-' | '/' | ':') if second.is_some_and(|c| c.is_ascii_digit()) => spaces > 0,
        Some('_') => spaces > 0,
        Some(c) if is_word(c) => spaces > 0 && !is_unit(rest),
        None | Some(_) => true,
    }
}

fn is_unit(text: &str) -> bool {
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    WORDS.iter().any(|word| text[..length].eq_ignore_ascii_case(word))
}

/// Where the extension ends that begins here: `x1711`, ` ext. 12`, `转801`.
pub(super) fn extension(page: &Page<'_>, end: usize) -> Option<usize> {
    let text = &page.text()[end..];
    let rest = text.strip_prefix(' ').unwrap_or(text);
    let names = ["extension", "ext.", "ext", "x", "X", "转", "分机", "-分机", "轉"];
    let rest = names.iter().find_map(|name| rest.strip_prefix(name))?;
    let rest = rest.trim_start_matches([' ', ':']);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let whole = rest[digits..].chars().next().is_none_or(|c| !is_word(c));
    ((1..=6).contains(&digits) && whole).then(|| page.text().len() - rest.len() + digits)
}
