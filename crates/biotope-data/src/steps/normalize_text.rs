//! One spelling of the same text: Unicode form, invisible characters, spaces, entities that were left over.

use std::sync::LazyLock;

use biotope_core::{Config, Document};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};

use crate::step::{Step, Verdict};

/// Rounds until nothing changes any more; each but the last removes something.
const ROUNDS: usize = 8;

static ENTITY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));").expect("the pattern is constant")
});

/// Entities that feeds and archives leave behind.
const NAMED: &[(&str, &str)] = &[
    ("amp", "&"),
    ("apos", "'"),
    ("bull", "•"),
    ("copy", "©"),
    ("euro", "€"),
    ("gt", ">"),
    ("hellip", "…"),
    ("ldquo", "“"),
    ("lsquo", "‘"),
    ("lt", "<"),
    ("mdash", "—"),
    ("middot", "·"),
    ("nbsp", " "),
    ("ndash", "–"),
    ("pound", "£"),
    ("quot", "\""),
    ("rdquo", "”"),
    ("reg", "®"),
    ("rsquo", "’"),
    ("yen", "¥"),
];

/// Unicode normalisation form (Unicode Standard Annex 15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Composed: changes no meaning.
    #[default]
    Nfc,
    /// Composed, with full-width letters, ligatures and the like made plain.
    Nfkc,
}

/// Normalises title and text. Doing it twice changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NormalizeText {
    /// Unicode form.
    pub form: Form,
    /// Whether entities such as `&amp;` are resolved.
    pub entities: bool,
}

impl Default for NormalizeText {
    fn default() -> Self {
        Self { form: Form::Nfc, entities: true }
    }
}

impl Config for NormalizeText {
    const NAME: &'static str = "normalize-text";
    const SUMMARY: &'static str = "Unicode form, invisible characters, spaces, entities";
}

impl NormalizeText {
    /// The text in its one spelling.
    ///
    /// ```
    /// use biotope_data::steps::normalize_text::NormalizeText;
    /// let clean = NormalizeText::default().clean("Wheat\u{200b} &amp; oats\u{a0} rise\r\n\r\n\r\n小\u{202e}麦");
    /// assert_eq!(clean, "Wheat & oats rise\n\n小麦");
    /// ```
    pub fn clean(&self, text: &str) -> String {
        if self.is_clean(text) {
            return text.to_owned();
        }
        let mut current = text.to_owned();
        for _ in 0..ROUNDS {
            let next = self.round(&current);
            if next == current {
                break;
            }
            current = next;
        }
        current
    }

    /// Whether a round would change nothing, as far as that can be told in one look. Most texts are so.
    fn is_clean(&self, text: &str) -> bool {
        // As after two line feeds: nothing may begin with a space or another line feed.
        let (mut last, mut feeds) = ('\n', 2);
        for c in text.chars() {
            let fits = match c {
                ' ' => !matches!(last, ' ' | '\n'),
                '\n' => last != ' ' && feeds < 2,
                '&' => !self.entities,
                c if c.is_ascii() => !c.is_ascii_control(),
                c => !c.is_whitespace() && !is_invisible(c) && !matches!(c, '\u{200c}' | '\u{200d}'),
            };
            if !fits {
                return false;
            }
            feeds = if c == '\n' { feeds + 1 } else { 0 };
            last = c;
        }
        let composed = || match self.form {
            Form::Nfc => is_nfc_quick(text.chars()),
            Form::Nfkc => is_nfkc_quick(text.chars()),
        };
        !matches!(last, ' ' | '\n') && (text.is_ascii() || composed() == IsNormalized::Yes)
    }

    fn round(&self, text: &str) -> String {
        let resolved = if self.entities { ENTITY.replace_all(text, resolve) } else { text.into() };
        let visible = spaces(&resolved);
        match self.form {
            Form::Nfc => visible.nfc().collect(),
            Form::Nfkc => visible.nfkc().collect(),
        }
    }
}

fn resolve(found: &Captures<'_>) -> String {
    let code =
        |index, radix| found.get(index).and_then(|digits| u32::from_str_radix(digits.as_str(), radix).ok());
    let whole = || found[0].to_owned();
    if let Some(name) = found.get(3) {
        let known = NAMED.iter().find(|(known, _)| *known == name.as_str());
        return known.map_or_else(whole, |(_, text)| (*text).to_owned());
    }
    code(1, 10).or_else(|| code(2, 16)).and_then(char::from_u32).map_or_else(whole, String::from)
}

/// Drops what cannot be seen, makes every space plain, keeps at most one empty line.
fn spaces(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let (mut space, mut lines) = (false, 0);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => lines += 1,
            c if c.is_whitespace() => space = true,
            c if is_invisible(c) || is_stray_joiner(c, clean.chars().next_back(), chars.peek().copied()) => {}
            c => {
                if lines > 0 && !clean.is_empty() {
                    clean.push_str(if lines > 1 { "\n\n" } else { "\n" });
                } else if space && !clean.is_empty() {
                    clean.push(' ');
                }
                (space, lines) = (false, 0);
                clean.push(c);
            }
        }
    }
    clean
}

/// Control characters, zero-width marks, marks of writing direction, private use, tags.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Joiners mean something in Arabic and Indic scripts and in emoji, and nothing beside Latin letters or ideographs.
fn is_stray_joiner(c: char, before: Option<char>, after: Option<char>) -> bool {
    let plain = |c: Option<char>| {
        c.is_none_or(|c| {
            c.is_ascii() || c.is_whitespace() || matches!(c, '\u{c0}'..='\u{24f}' | '\u{3000}'..='\u{9fff}')
        })
    };
    matches!(c, '\u{200c}' | '\u{200d}') && (plain(before) || plain(after))
}

impl Step for NormalizeText {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn apply(&self, mut doc: Document) -> Verdict {
        if self.is_clean(&doc.text)
            && doc.title.as_deref().is_none_or(|title| self.is_clean(title) && !title.contains('\n'))
        {
            return Verdict::Keep(doc);
        }
        let before = doc.text.chars().count();
        let text = self.clean(&doc.text);
        let title = doc.title.as_deref().map(|title| self.clean(title).replace('\n', " "));
        let changed = text != doc.text || title != doc.title;
        doc.text = text;
        doc.title = title.filter(|title| !title.is_empty());
        if changed {
            let after = doc.text.chars().count();
            doc.trace(Self::NAME, format!("{before} characters became {after}"));
        }
        Verdict::Keep(doc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn twice_is_once(text in "(\\PC|[&#;amplt\u{200b}\u{200d}\u{202e}\r\n\u{a0}\u{301}e]){0,40}") {
            let step = NormalizeText::default();
            let once = step.clean(&text);
            prop_assert_eq!(step.clean(&once), once);
        }

        #[test]
        fn what_looks_clean_is(text in "([a-z小 \n.]|[\u{301}é\u{3000}\u{ad}&]){0,12}") {
            let step = NormalizeText::default();
            if step.is_clean(&text) {
                prop_assert_eq!(step.round(&text), text);
            }
        }
    }

    #[test]
    fn each_kind_of_noise() {
        let clean = |text: &str| NormalizeText::default().clean(text);
        assert_eq!(clean("e\u{301}te\u{301}"), "été");
        assert_eq!(
            clean("&lt;BANKAMERICA CORP&gt; &#39;up&#39; &#x4e2d;&amp;nbsp;x &unknown; &"),
            "<BANKAMERICA CORP> 'up' 中 x &unknown; &"
        );
        assert_eq!(clean("\u{feff}a\u{0}\u{7}b\u{ad}c"), "abc");
        assert_eq!(clean("小麦\u{3000}\u{3000}上涨\t!\n \n\n\n下"), "小麦 上涨 !\n\n下");
        assert_eq!(clean("می\u{200c}خواهم wo\u{200d}rd"), "می\u{200c}خواهم word");
        assert_eq!(clean("ＡＢＣ１"), "ＡＢＣ１");
        assert_eq!(NormalizeText { form: Form::Nfkc, entities: true }.clean("ＡＢＣ１ﬁ"), "ABC1fi");
    }

    #[test]
    fn the_trail_tells_only_of_changes() {
        let step = NormalizeText::default();
        assert!(step.apply(Document::new("a", "clean")).kept().unwrap().trail.is_empty());
        let doc = step.apply(Document::new("a", "a  b")).kept().unwrap();
        assert_eq!(doc.trail[0].effect, "4 characters became 3");
    }
}
