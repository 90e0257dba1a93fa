//! E-mail addresses and phone numbers, replaced by marks. Numbers, prices and dates stay.

use std::sync::LazyLock;

use biotope_core::{Config, Document};
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::step::{Step, Verdict};

/// What stands for an e-mail address.
pub const EMAIL: &str = "[EMAIL]";
/// What stands for a phone number.
pub const PHONE: &str = "[PHONE]";

static MAIL: LazyLock<Regex> = LazyLock::new(|| {
    let local = r"[A-Za-z0-9](?:[A-Za-z0-9._%+\-]{0,62}[A-Za-z0-9_+\-])?";
    pattern(&format!(
        r"(?:mailto:)?{local}[@＠](?:[A-Za-z0-9](?:[A-Za-z0-9\-]{{0,61}}[A-Za-z0-9])?\.){{1,8}}[A-Za-z]{{2,24}}"
    ))
});

/// Written forms of phone numbers. Each is narrow: a bare run of digits is a number, unless it is a Chinese mobile.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        &[
            // +44 20 7946 0958, +86-138-1234-5678, +1 (555) 123-4567, 0049 30 123456
            r"(?:\+|＋|00)[1-9]\d{0,14}(?:[ \-.]?\(0?\d{1,4}\))?(?:[ \-.]\d{2,12}){0,4}",
            // 13812345678, 138-1234-5678, 138 1234 5678, 86-138...
            r"(?:86[ \-]?)?1[3-9]\d(?:\d{8}|[ \-]\d{4}[ \-]\d{4})",
            // (010) 6552-9988, (555) 123-4567, （021）62345678
            r"[(（]0?\d{2,3}[)）] ?\d{3,4}[ \-.]?\d{4}",
            // 010-65529988, 0755-8888 6666
            r"0\d{2,3}-\d{3,4}[ \-]?\d{4}",
            // 400-810-8888, 1-800-555-0199, 555-123-4567, 555.123.4567
            r"(?:1[\-. ])?[2-9]\d{2}-\d{3}-\d{4}",
            r"(?:1\.)?[2-9]\d{2}\.\d{3}\.\d{4}",
            // 020 7946 0958, 01632 960 961
            r"0[1-9]\d{1,3} \d{3,4} \d{3,4}",
        ]
        .join("|"),
    )
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is constant")
}

/// Masks personal data in title and text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaskPersonalData {
    /// Whether e-mail addresses are masked.
    pub email: bool,
    /// Whether phone numbers are masked.
    pub phone: bool,
}

impl Default for MaskPersonalData {
    fn default() -> Self {
        Self { email: true, phone: true }
    }
}

impl Config for MaskPersonalData {
    const NAME: &'static str = "mask-personal-data";
    const SUMMARY: &'static str = "e-mail addresses and phone numbers become [EMAIL] and [PHONE]";
}

impl MaskPersonalData {
    /// The text with marks, and how many e-mail addresses and phone numbers there were.
    pub fn mask(&self, text: &str) -> (String, usize, usize) {
        let (text, mails) = if self.email {
            replace(text, &MAIL, EMAIL, |found, _, _| Some(found.len()))
        } else {
            (text.into(), 0)
        };
        let (text, phones) = if self.phone { replace(&text, &NUMBER, PHONE, phone) } else { (text, 0) };
        (text, mails, phones)
    }
}

/// How much of a match is meant: its length, or nothing. Sees the match, the text before it, and all from its start.
type Accept = fn(&str, &str, &str) -> Option<usize>;

/// Replaces what `accept` takes.
fn replace(text: &str, pattern: &Regex, mark: &str, accept: Accept) -> (String, usize) {
    let (mut masked, mut done, mut count) = (String::with_capacity(text.len()), 0, 0);
    let mut from = 0;
    while let Some(found) = pattern.find_at(text, from) {
        // Behind what is refused, go on: a part of a longer number is no number.
        from = found.end();
        if let Some(length) = accept(found.as_str(), &text[..found.start()], &text[found.start()..]) {
            masked.push_str(&text[done..found.start()]);
            masked.push_str(mark);
            from = found.start() + length;
            (done, count) = (from, count + 1);
        }
    }
    masked.push_str(&text[done..]);
    (masked, count)
}

/// How much of what looks like a phone number is one, by its length and by what stands around it.
fn phone(found: &str, before: &str, text: &str) -> Option<usize> {
    // `12 034 567 890` is a number whose groups look like one of a phone.
    let grouped =
        found.starts_with('0') && found.contains(' ') && ends_in_digit(before.trim_end_matches(' '));
    if grouped || !opens(before) {
        return None;
    }
    let abroad = found.starts_with(['+', '＋']) || found.starts_with("00");
    let lengths = if abroad { 9..=15 } else { 8..=15 };
    let fits = |end: &usize| {
        let digits = found[..*end].chars().filter(char::is_ascii_digit).count();
        lengths.contains(&digits) && closes(&text[*end..])
    };
    // A number from abroad has no fixed number of groups: the longest that fits is taken.
    let groups = found.match_indices([' ', '-', '.']).map(|(at, _)| at).rev().filter(|_| abroad);
    std::iter::once(found.len()).chain(groups).find(fits)
}

fn ends_in_digit(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit())
}

/// No digit, decimal sign or currency right before.
fn opens(before: &str) -> bool {
    let mut back = before.chars().rev();
    let last = back.next();
    let digit_before = back.next().is_some_and(|c| c.is_ascii_digit());
    match last {
        None => true,
        Some('.' | ',' | '-' | '/') if digit_before => false,
        Some('$' | '€' | '£' | '¥' | '￥' | '#' | '_' | '=') => false,
        Some(c) => !c.is_ascii_alphanumeric(),
    }
}

/// No digit, decimal part or unit right after.
fn closes(after: &str) -> bool {
    let mut chars = after.trim_start_matches(' ').chars();
    let spaced = after.starts_with(' ');
    let (first, second) = (chars.next(), chars.next());
    let unit = [
        '元', '美', '股', '吨', '人', '万', '亿', '千', '百', '%', '％', '倍', '桶', '公', '平', '欧', '英',
        '日', '港',
    ];
    match first {
        Some(c) if unit.contains(&c) => false,
        Some('.' | ',' | '-' | '/') if second.is_some_and(|c| c.is_ascii_digit()) => spaced,
        Some(c) if c.is_ascii_alphanumeric() => spaced,
        None | Some(_) => true,
    }
}

impl Step for MaskPersonalData {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn apply(&self, mut doc: Document) -> Verdict {
        let (text, mut mails, mut phones) = self.mask(&doc.text);
        doc.text = text;
        if let Some(title) = &doc.title {
            let (title, more_mails, more_phones) = self.mask(title);
            (mails, phones) = (mails + more_mails, phones + more_phones);
            doc.title = Some(title);
        }
        if mails + phones > 0 {
            doc.trace(Self::NAME, format!("masked {mails} e-mail, {phones} phone"));
        }
        Verdict::Keep(doc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mask(text: &str) -> String {
        MaskPersonalData::default().mask(text).0
    }

    #[test]
    fn addresses_and_numbers_become_marks() {
        for mail in ["ann.field@news.example", "a@b.co", "li_ming+tip@mail.xinwen.example.cn"] {
            assert_eq!(mask(&format!("write to {mail}, please")), "write to [EMAIL], please", "{mail}");
            assert_eq!(mask(&format!("请联系{mail}。")), "请联系[EMAIL]。", "{mail}");
        }
        for phone in [
            "+44 20 7946 0958",
            "+1 (555) 123-4567",
            "+86 138-1234-5678",
            "+8613812345678",
            "0049 30 123456",
            "(555) 123-4567",
            "555-123-4567",
            "1-800-555-0199",
            "020 7946 0958",
            "13812345678",
            "138 1234 5678",
            "010-65529988",
            "0755-8888 6666",
            "（021）62345678",
            "400-810-8888",
        ] {
            assert_eq!(mask(&format!("call {phone} today")), "call [PHONE] today", "{phone}");
            assert_eq!(mask(&format!("电话：{phone}。")), "电话：[PHONE]。", "{phone}");
        }
    }

    #[test]
    fn ordinary_numbers_stay() {
        for text in [
            "on 1987-04-08 and 08/04/1987 at 15:01:01",
            "shr 30 cts vs 1,234,567.89 dlrs, net 12345678 vs 1234567890",
            "the index fell 2,189.45 to 13,812,345,678",
            "募资13812345678元，同比增长12.5%",
            "发行 13812345678 股",
            "ISBN 978-7-111-54742-6, version 1.26.1, 192.168.100.200",
            "1986-1987 season, 2024年10月12日, 3-2, 21-19 21-17",
            "$555-123-4567, order #400-810-8888",
            "population 8 123 456 789 in 2050",
            "id 113812345678, 1381234567890",
            "10 000 000 tonnes, 1 000 000 000 barrels",
            "7.5-8.5 pct, up from 6.25, 00.00 gmt",
            "user@localhost @handle a@b",
            "12 034 567 890 dlrs, up +10000000, +12.5 pct",
        ] {
            assert_eq!(mask(text), text);
        }
    }

    #[test]
    fn what_follows_a_number_is_left_alone() {
        assert_eq!(mask("call +44 20 7946 0958 1987 12 times"), "call [PHONE] 1987 12 times");
        assert_eq!(mask("13812345678, 13912345678; (555) 123-4567."), "[PHONE], [PHONE]; [PHONE].");
        assert_eq!(mask("mailto:a@b.co. Then"), "[EMAIL]. Then");
    }

    #[test]
    fn the_trail_counts() {
        let doc = Document {
            title: Some("tips: a@b.co".into()),
            ..Document::new("a", "call 13812345678 or a@c.co")
        };
        let doc = MaskPersonalData::default().apply(doc).kept().unwrap();
        assert_eq!(
            (doc.title.as_deref(), doc.text.as_str()),
            (Some("tips: [EMAIL]"), "call [PHONE] or [EMAIL]")
        );
        assert_eq!(doc.trail[0].effect, "masked 2 e-mail, 1 phone");
    }

    proptest! {
        #[test]
        fn twice_is_once(text in "[a-z0-9@. +()\\-元]{0,60}") {
            let once = mask(&text);
            prop_assert_eq!(mask(&once), once);
        }
    }
}
