//! The n-grams of a text as numbers: words, Han characters, and characters within words.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::han::is_han;

/// Which n-grams.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Longest run of words.
    pub(crate) words: usize,
    /// Longest run of Han characters.
    pub(crate) han: usize,
    /// Shortest and longest piece of a word, as in fastText; 0: none.
    pub(crate) characters: (usize, usize),
    /// Whether letters lose their case.
    pub(crate) lowercase: bool,
    /// Most words (and Han characters) that are read.
    pub(crate) max_length: usize,
}

/// The words of a text, one after the other with a space between, so that a run of them is a slice.
struct Words {
    text: String,
    spans: Vec<Span>,
}

struct Span {
    start: usize,
    end: usize,
    han: bool,
}

/// Hashes (xxh3, 64 bits) of all n-grams, each as often as it occurs.
pub(crate) fn hashes(text: &str, shape: Shape) -> Vec<u64> {
    let Words { text, spans } = cut(text, shape);
    let mut found = Vec::with_capacity(spans.len() * shape.words.max(1));
    for (at, first) in spans.iter().enumerate() {
        let mut han = true;
        for (length, last) in (1..=shape.words.max(shape.han)).zip(&spans[at..]) {
            han &= last.han;
            if length <= if han { shape.han } else { shape.words } {
                found.push(xxh3_64_with_seed(&text.as_bytes()[first.start..last.end], 0));
            }
        }
    }
    if shape.characters.1 > 0 {
        for word in spans.iter().filter(|word| !word.han) {
            pieces(&text[word.start..word.end], shape.characters, &mut found);
        }
    }
    found
}

/// Pieces of `<word>` (Bojanowski et al. 2017); seeded apart from words.
fn pieces(word: &str, (least, most): (usize, usize), found: &mut Vec<u64>) {
    let marked = format!("<{word}>");
    let ends: Vec<usize> = marked.char_indices().map(|(at, _)| at).chain([marked.len()]).collect();
    for length in least.max(1)..=most.min(ends.len() - 1) {
        let windows = ends.windows(length + 1);
        found.extend(windows.map(|w| xxh3_64_with_seed(&marked.as_bytes()[w[0]..w[length]], 1)));
    }
}

/// Runs of letters, digits and marks; each Han character alone. Compatibility forms (full-width letters) are folded,
/// which most texts have none of: that is found out much faster than it is done.
fn cut(text: &str, shape: Shape) -> Words {
    let folded = text.is_ascii() || is_nfkc_quick(text.chars()) == IsNormalized::Yes;
    if folded { cut_folded(text.chars(), shape) } else { cut_folded(text.nfkc(), shape) }
}

fn cut_folded(characters: impl Iterator<Item = char>, shape: Shape) -> Words {
    let mut words = Words { text: String::new(), spans: Vec::new() };
    let mut open = false;
    for c in characters {
        let han = is_han(c);
        let part = han || c.is_alphanumeric() || c == '_' || (open && is_mark(c));
        if han || (part && !open) {
            if words.spans.len() == shape.max_length {
                break;
            }
            words.begin(han);
        }
        open = part && !han;
        if part {
            words.push(c, shape.lowercase);
        }
    }
    words
}

impl Words {
    fn begin(&mut self, han: bool) {
        if !self.spans.is_empty() {
            self.text.push(' ');
        }
        self.spans.push(Span { start: self.text.len(), end: self.text.len(), han });
    }

    fn push(&mut self, c: char, lowercase: bool) {
        match (lowercase, c.is_ascii()) {
            (true, true) => self.text.push(c.to_ascii_lowercase()),
            (true, false) => self.text.extend(c.to_lowercase()),
            (false, _) => self.text.push(c),
        }
        if let Some(word) = self.spans.last_mut() {
            word.end = self.text.len();
        }
    }
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c) || matches!(c, '\u{200C}' | '\u{200D}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { words: 2, han: 3, characters: (0, 0), lowercase: true, max_length: 100 };

    fn hash(gram: &str) -> u64 {
        xxh3_64_with_seed(gram.as_bytes(), 0)
    }

    #[test]
    fn which_grams_there_are() {
        let found = hashes("The ＣＡＴ sat.", SHAPE);
        assert_eq!(found, ["the", "the cat", "cat", "cat sat", "sat"].map(hash));
        let found = hashes("新闻网，A股", SHAPE);
        let all = ["新", "新 闻", "新 闻 网", "闻", "闻 网", "网", "网 a", "a", "a 股", "股"];
        assert_eq!(found, all.map(hash));
    }

    #[test]
    fn pieces_of_words_do_not_meet_words() {
        let shape = Shape { words: 1, characters: (3, 3), ..SHAPE };
        let found = hashes("cafés", shape);
        assert_eq!(found.len(), 1 + 5);
        assert_eq!(found[1], xxh3_64_with_seed("<ca".as_bytes(), 1));
        assert_eq!(hashes("a", shape).len(), 1 + 1);
        assert!(hashes("", shape).is_empty());
    }

    #[test]
    fn marks_stay_with_their_letters_and_the_length_counts_words() {
        let one = Shape { words: 1, max_length: 2, ..SHAPE };
        assert_eq!(hashes("हिन्दी क ख ग", one), ["हिन्दी", "क"].map(hash));
    }
}
