//! Words and lines of a text, found once and shared by the filters that ask for the same text.
//!
//! The rules follow those of the spaCy tokenizer that datatrove's filters use, as far as they matter to counts:
//! punctuation around a word stands for itself and inside of it belongs to it, runs of full stops or hyphens are one word,
//! clitics (`n't`, `'s`) are split off, letters with a hyphen between them are three words, figures keep their points and commas. Scripts without spaces (Han, kana,
//! Thai, Lao, Khmer, Burmese) give one word per character.

use std::cell::RefCell;
use std::rc::Rc;

use xxhash_rust::xxh3::xxh3_64;

/// One word of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Hash of its bytes.
    pub(crate) hash: u64,
    /// Where it begins, in bytes.
    pub(crate) start: u32,
    /// Where it ends.
    pub(crate) end: u32,
    /// Its length in characters.
    pub(crate) chars: u32,
    /// Nothing but punctuation.
    pub(crate) symbol: bool,
    /// It has a letter.
    pub(crate) letter: bool,
    /// A character of a script without spaces.
    pub(crate) unspaced: bool,
}

/// The words of a text.
#[derive(Debug, Default)]
pub struct Words {
    /// In order.
    pub(crate) list: Vec<Word>,
    /// Characters of the text.
    pub(crate) chars: usize,
    unspaced: usize,
    symbols: usize,
}

thread_local! {
    static LAST: RefCell<(u64, usize, Rc<Words>)> = RefCell::default();
}

impl Words {
    /// The words of a text; the last text of each thread is remembered.
    pub(crate) fn of(text: &str) -> Rc<Self> {
        let hash = xxh3_64(text.as_bytes());
        LAST.with_borrow_mut(|(known, len, words)| {
            if *known != hash || *len != text.len() {
                (*known, *len, *words) = (hash, text.len(), Rc::new(Self::find(text)));
            }
            words.clone()
        })
    }

    /// Whether most of it is written without spaces, as Chinese is.
    pub(crate) fn is_unspaced(&self) -> bool {
        self.unspaced * 2 > self.plain()
    }

    /// Words that are not mere punctuation.
    pub(crate) fn plain(&self) -> usize {
        self.list.len() - self.symbols
    }

    /// The words of a text that no other filter will ask for.
    pub(crate) fn find(text: &str) -> Self {
        let mut words = Self { list: Vec::with_capacity(text.len() / 5), ..Self::default() };
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let at = text.len() - rest.len();
            let end = if is_space(c) {
                at + c.len_utf8()
            } else if is_unspaced(c) {
                words.push(text, at, at + c.len_utf8(), true);
                at + c.len_utf8()
            } else if is_word(c) {
                words.run(text, at)
            } else {
                let end = at + symbol(rest, c);
                words.push(text, at, end, false);
                end
            };
            rest = &text[end..];
        }
        words.chars = text.chars().count();
        words
    }

    /// A run of letters and figures, less what belongs to words of their own; returns where it ends.
    fn run(&mut self, text: &str, at: usize) -> usize {
        let end = run_end(text, at);
        let split = clitic(&text[at..end]).map_or(end, |length| end - length);
        self.push(text, at, split, false);
        if split < end {
            self.push(text, split, end, false);
        }
        end
    }

    fn push(&mut self, text: &str, start: usize, end: usize, unspaced: bool) {
        let word = &text[start..end];
        let symbol = !unspaced && word.chars().all(|c| !is_word(c) && is_punctuation(c));
        let ascii = word.is_ascii();
        let letter = if ascii {
            word.bytes().any(|b| b.is_ascii_alphabetic())
        } else {
            word.chars().any(char::is_alphabetic)
        };
        self.unspaced += usize::from(unspaced);
        self.symbols += usize::from(symbol);
        self.list.push(Word {
            hash: xxh3_64(word.as_bytes()),
            start: start as u32,
            end: end as u32,
            chars: if ascii { word.len() } else { word.chars().count() } as u32,
            symbol,
            letter,
            unspaced,
        });
    }
}

fn is_space(c: char) -> bool {
    if c.is_ascii() { matches!(c, ' ' | '\t'..='\r' | '\u{1c}'..='\u{1f}') } else { c.is_whitespace() }
}

/// What words are made of: letters, figures, marks on letters.
fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    c.is_alphanumeric() || is_mark(c)
}

/// Combining marks of the common scripts.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{900}'..='\u{903}' | '\u{93a}'..='\u{94f}' | '\u{981}'..='\u{d4d}')
}

/// Characters of scripts that put no space between words.
pub(crate) fn is_unspaced(c: char) -> bool {
    !c.is_ascii()
        && matches!(c, '\u{e01}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}'
            | '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

/// Punctuation and controls; other symbols (arrows, emoji, most currencies) count as words without a letter.
fn is_punctuation(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_alphanumeric();
    }
    matches!(c, '\u{80}'..='\u{a0}' | '«' | '»' | '\u{2010}'..='\u{201f}' | '…' | '\u{203c}'..='\u{203d}'
        | '\u{2047}'..='\u{2049}' | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '～' | '＃' | '\u{ff01}'..='\u{ff0f}'
        | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}' | '\u{589}' | '\u{60c}' | '\u{61b}'
        | '\u{61f}' | '\u{6d4}' | '\u{964}'..='\u{965}' | '\u{2236}' | '►' | '·')
}

/// Length of the symbol at the beginning of `rest`: full stops, hyphens and underlines hold together.
fn symbol(rest: &str, c: char) -> usize {
    if matches!(c, '.' | '-' | '_') { rest.len() - rest.trim_start_matches(c).len() } else { c.len_utf8() }
}

/// Where the run that begins at `at` ends.
fn run_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = at;
    let mut last = ' ';
    while end < bytes.len() {
        let c = if bytes[end] < 128 { bytes[end] as char } else { text[end..].chars().next().unwrap_or(' ') };
        if is_word(c) && !is_unspaced(c) {
            (end, last) = (end + c.len_utf8(), c);
            continue;
        }
        if c == ':' && text[end..].starts_with("://") {
            return address_end(text, end);
        }
        let next =
            text[end + c.len_utf8()..].chars().next().filter(|next| is_word(*next) && !is_unspaced(*next));
        let Some(next) = next else { break };
        let both = |is: fn(char) -> bool| is(last) && is(next);
        let joins = match c {
            ',' => !both(char::is_alphabetic),
            '.' => !(last.is_lowercase() && next.is_uppercase()),
            '-' => !both(char::is_alphabetic) && !both(char::is_numeric),
            '+' | '*' | '^' => !both(char::is_numeric),
            ':' | '/' | '<' | '>' | '=' => !next.is_alphabetic(),
            '’' => true,
            c => c.is_ascii_punctuation(),
        };
        if !joins {
            break;
        }
        (end, last) = (end + c.len_utf8(), c);
    }
    if text[end..].starts_with('.') && is_abbreviation(&text[at..end]) { end + 1 } else { end }
}

/// An address goes on to the next space, less the punctuation of the sentence.
fn address_end(text: &str, from: usize) -> usize {
    let stretch = text[from..].split(|c: char| is_space(c) || is_unspaced(c)).next().unwrap_or("");
    from + stretch.trim_end_matches(['.', ',', ';', ')', '!', '?', '"', '\'']).len().max(1)
}

/// Single letters with points between them, and the titles, firms and months that newspapers write.
fn is_abbreviation(word: &str) -> bool {
    const KNOWN: &[&str] = &[
        "Mr", "Mrs", "Ms", "Dr", "St", "Co", "Corp", "Inc", "Ltd", "Jr", "Sr", "Gen", "Gov", "Rep", "Sen",
        "Prof", "Jan", "Feb", "Mar", "Apr", "Jun", "Jul", "Aug", "Sep", "Sept", "Oct", "Nov", "Dec", "vs",
        "e.g", "i.e", "a.m", "p.m",
    ];
    let initials = word.contains('.') && word.split('.').all(|part| part.chars().count() == 1);
    (word.len() <= 4 && KNOWN.contains(&word))
        || initials && word.chars().all(|c| c == '.' || c.is_alphabetic())
}

/// Length of the clitic that a word ends with.
fn clitic(word: &str) -> Option<usize> {
    let mark = word.rfind(['\'', '’'])?;
    let tail = &word[mark..];
    let after = tail.trim_start_matches(['\'', '’']);
    if after.eq_ignore_ascii_case("t") && word[..mark].ends_with(['n', 'N']) && mark > 1 {
        return Some(tail.len() + 1);
    }
    let known = ["s", "re", "ve", "ll", "d", "m"].iter().any(|known| after.eq_ignore_ascii_case(known));
    (known && mark > 0).then_some(tail.len())
}

/// Lines as Python's `splitlines` sees them: every kind of line break, and no empty line after the last.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let is_break =
        |c: char| matches!(c, '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut rest = Some(text).filter(|text| !text.is_empty());
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(is_break) else { return rest.take() };
        let width = if text[end..].starts_with("\r\n") {
            2
        } else {
            text[end..].chars().next().map_or(1, char::len_utf8)
        };
        rest = Some(&text[end + width..]).filter(|left| !left.is_empty());
        Some(&text[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> Vec<&str> {
        Words::find(text).list.iter().map(|word| &text[word.start as usize..word.end as usize]).collect()
    }

    #[test]
    fn words_of_english_are_those_of_spacy() {
        let text = "Mr. Smith doesn't like well-known U.S. firms; \"oil's\" up 1,000.50 (3-4%)... see https://a.example/x?y=1.";
        let expected = [
            "Mr.",
            "Smith",
            "does",
            "n't",
            "like",
            "well",
            "-",
            "known",
            "U.S.",
            "firms",
            ";",
            "\"",
            "oil",
            "'s",
            "\"",
            "up",
            "1,000.50",
            "(",
            "3",
            "-",
            "4",
            "%",
            ")",
            "...",
            "see",
            "https://a.example/x?y=1",
            ".",
        ];
        assert_eq!(split(text), expected);
    }

    #[test]
    fn words_of_chinese_are_characters() {
        assert_eq!(split("小麦GDP涨3.5%。"), ["小", "麦", "GDP", "涨", "3.5", "%", "。"]);
        let words = Words::find("小麦期货GDP涨3.5%。");
        assert!(words.is_unspaced());
        assert_eq!((words.plain(), words.chars), (7, 13));
        assert!(!Words::find("Wheat 涨 rises").is_unspaced());
    }

    #[test]
    fn lines_are_those_of_python() {
        assert_eq!(lines("a\r\nb\n\nc\u{2028}d\n").collect::<Vec<_>>(), ["a", "b", "", "c", "d"]);
        assert_eq!(lines("").count(), 0);
    }

    proptest! {
        #[test]
        fn any_text_falls_into_words_in_order(text in "\\PC{0,60}") {
            let words = Words::of(&text);
            let mut end = 0;
            for word in &words.list {
                prop_assert!(word.start >= end && word.end > word.start);
                end = word.end;
                prop_assert!(!text[word.start as usize..word.end as usize].contains(' '));
            }
        }
    }
}
