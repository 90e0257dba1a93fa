//! Full-width and odd characters, folded to the ASCII that recognisers read; places lead back to the original.

use std::borrow::Cow;

/// A text as recognisers see it, and where each part of it stands in the original.
#[derive(Debug)]
pub(crate) struct Folded<'t> {
    pub(crate) text: Cow<'t, str>,
    /// Where the distance between the two texts changes: (place in the folded text, place in the original).
    steps: Vec<(usize, usize)>,
}

impl<'t> Folded<'t> {
    /// Folds a text. Most texts hold nothing to fold and are borrowed as they are.
    pub(crate) fn new(text: &'t str) -> Self {
        let mut folded = Self { text: Cow::Borrowed(text), steps: Vec::new() };
        if text.is_ascii() {
            return folded;
        }
        let (mut out, mut done) = (String::new(), 0);
        for (at, c) in wide(text) {
            let Some(plain) = fold(c) else { continue };
            out.push_str(&text[done..at]);
            out.extend(plain);
            done = at + c.len_utf8();
            folded.steps.push((out.len(), done));
        }
        if !folded.steps.is_empty() {
            out.push_str(&text[done..]);
            folded.text = Cow::Owned(out);
        }
        folded
    }

    /// Byte place in the original of the character that begins at a byte place of the folded text.
    pub(crate) fn original(&self, place: usize) -> usize {
        let next = self.steps.partition_point(|(folded, _)| *folded <= place);
        match next.checked_sub(1).map(|step| self.steps[step]) {
            Some((folded, original)) => original + (place - folded),
            None => place,
        }
    }

    /// Where the original of a part ends: characters without a counterpart behind it are not part of it.
    pub(crate) fn original_end(&self, place: usize) -> usize {
        let before = self.text[..place].chars().next_back().map_or(0, char::len_utf8);
        if before == 0 {
            return 0;
        }
        let start = self.original(place - before);
        let next = self.steps.partition_point(|(folded, _)| *folded <= place - before);
        // The last character was folded if the next change of distance comes right behind it.
        match self.steps.get(next) {
            Some((folded, original)) if *folded == place => *original,
            _ => start + before,
        }
    }
}

/// The characters that may need folding, with their places.
fn wide(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let bytes = text.as_bytes();
    let leads = bytes.iter().enumerate().filter(|(_, b)| matches!(b, 0xC2 | 0xE2 | 0xE3 | 0xEF));
    leads.filter_map(|(at, _)| text[at..].chars().next().map(|c| (at, c)))
}

/// What stands for a character: `Some(None)` if it is left out, nothing if it stays.
#[expect(clippy::option_option, reason = "stays, goes and changes are three answers")]
fn fold(c: char) -> Option<Option<char>> {
    Some(match c {
        // Full-width commas and the like part sentences, they do not part thousands: they stay.
        '０'..='９'
        | 'Ａ'..='Ｚ'
        | 'ａ'..='ｚ'
        | '＠'
        | '．'
        | '－'
        | '＋'
        | '（'
        | '）'
        | '：'
        | '／'
        | '＿'
        | '＃'
        | '＝' => char::from_u32(u32::from(c) - 0xFEE0),
        '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}' | '\u{3000}' => Some(' '),
        '\u{2010}'..='\u{2013}' | '\u{2212}' => Some('-'),
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' => None,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_is_read_as_ascii_and_places_lead_back() {
        let text = "电话（０１０）６２３４，\u{200b}a\u{a0}b";
        let folded = Folded::new(text);
        assert_eq!(folded.text, "电话(010)6234，a b");
        let at = folded.text.find("010").unwrap();
        assert_eq!(&text[folded.original(at)..folded.original_end(at + 3)], "０１０");
        let at = folded.text.find('a').unwrap();
        assert_eq!(&text[folded.original(at)..folded.original_end(at + 3)], "a\u{a0}b");
        assert_eq!(folded.original_end(folded.text.len()), text.len());
        assert!(matches!(Folded::new("纯文本，plain").text, Cow::Borrowed(_)));
    }
}
