//! The repetition rules of Gopher: lines, paragraphs and runs of words that come again and again.

use biotope_core::Invalid;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::rules::{ByScript, Thresholds, above, check_shares};
use crate::tally::Tally;
use crate::words::Words;

/// Thresholds of one script. A share of 1 turns a rule off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Largest share of lines that were there before.
    pub max_lines: f64,
    /// Largest share of paragraphs that were there before.
    pub max_paragraphs: f64,
    /// Largest share of characters in repeated lines.
    pub max_line_chars: f64,
    /// Largest share of characters in repeated paragraphs.
    pub max_paragraph_chars: f64,
    /// For runs of so many words: largest share of characters in the most frequent one.
    pub top: Vec<(usize, f64)>,
    /// For runs of so many words: largest share of characters in those that were there before.
    pub repeated: Vec<(usize, f64)>,
    /// How many of our words count as one word of these lists: 1, or 2 characters in Chinese.
    pub unit: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            max_lines: 0.3,
            max_paragraphs: 0.3,
            max_line_chars: 0.2,
            max_paragraph_chars: 0.2,
            top: vec![(2, 0.2), (3, 0.18), (4, 0.16)],
            repeated: vec![(5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.1)],
            unit: 1,
        }
    }
}

impl Thresholds for Rules {
    const NAME: &'static str = "filter-gopher-repetition";
    const SUMMARY: &'static str = "Gopher's rules on repeated lines, paragraphs and runs of words";

    /// For Chinese: `FineWeb` 2's thresholds (`cmn_Hani`), a word taken as two characters.
    fn chinese() -> Self {
        Self {
            max_lines: 0.287,
            top: vec![(2, 0.256), (3, 0.201), (4, 0.171)],
            repeated: vec![(5, 0.198), (6, 0.182), (7, 0.167), (8, 0.154), (9, 0.14), (10, 0.127)],
            unit: 2,
            ..Self::default()
        }
    }

    fn check(&self) -> Result<(), Invalid> {
        let shares = [
            ("max_lines", self.max_lines),
            ("max_paragraphs", self.max_paragraphs),
            ("max_line_chars", self.max_line_chars),
            ("max_paragraph_chars", self.max_paragraph_chars),
        ];
        check_shares(&shares)?;
        for (field, runs) in [("top", &self.top), ("repeated", &self.repeated)] {
            let mut lengths = runs.iter().map(|(n, _)| n.saturating_mul(self.unit));
            if let Some(wrong) = lengths.find(|n| !(1..=100).contains(n)) {
                return Err(Invalid::new(field, "must have runs of 1 to 100 words", wrong));
            }
            check_shares(&runs.iter().map(|(_, share)| (field, *share)).collect::<Vec<_>>())?;
        }
        Ok(())
    }

    fn why(&self, text: &str, words: &Words) -> Option<String> {
        if text.is_empty() {
            return Some("no text".into());
        }
        let total = words.chars;
        let paragraphs = repeats(split_runs(text.trim(), 2));
        let lines = repeats(split_runs(text, 1));
        above("repeated paragraphs", paragraphs.again, paragraphs.all, self.max_paragraphs)
            .or_else(|| {
                above("characters in repeated paragraphs", paragraphs.chars, total, self.max_paragraph_chars)
            })
            .or_else(|| above("repeated lines", lines.again, lines.all, self.max_lines))
            .or_else(|| above("characters in repeated lines", lines.chars, total, self.max_line_chars))
            .or_else(|| self.runs(words))
    }
}

impl Rules {
    fn runs(&self, words: &Words) -> Option<String> {
        let runs = Runs::new(words);
        let frequent = self.top.iter().find_map(|(n, most)| {
            let chars = runs.most_frequent(n * self.unit);
            above(&format!("characters in the most frequent run of {n} words"), chars, words.chars, *most)
        });
        frequent.or_else(|| {
            self.repeated.iter().find_map(|(n, most)| {
                let chars = runs.repeated(n * self.unit);
                above(&format!("characters in repeated runs of {n} words"), chars, words.chars, *most)
            })
        })
    }
}

/// How many parts there are, how many were there before, and the characters of those.
struct Repeats {
    all: usize,
    again: usize,
    chars: usize,
}

fn repeats<'a>(parts: impl Iterator<Item = &'a str>) -> Repeats {
    let mut found = Repeats { all: 0, again: 0, chars: 0 };
    Tally::with(64, |tally| {
        for part in parts {
            found.all += 1;
            if tally.add(xxh3_64(part.as_bytes()), 0).0 > 1 {
                found.again += 1;
                found.chars += part.chars().count();
            }
        }
    });
    found
}

/// Splits at runs of at least `least` line feeds.
fn split_runs(text: &str, least: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut from = 0;
        while let Some(at) = text[from..].find('\n').map(|at| at + from) {
            let end = at + text[at..].bytes().take_while(|b| *b == b'\n').count();
            if end - at >= least {
                rest = Some(&text[end..]);
                return Some(&text[..at]);
            }
            from = end;
        }
        rest.take()
    })
}

/// Runs of words by hash: a polynomial over the hashes of the words, so that each costs one product.
struct Runs<'a> {
    words: &'a Words,
    prefix: Vec<u64>,
    chars: Vec<u32>,
}

/// Odd and large; any such number would do.
const BASE: u64 = 0x9fb2_1c65_1e98_df25;

impl<'a> Runs<'a> {
    fn new(words: &'a Words) -> Self {
        let (mut prefix, mut chars) = (vec![0u64], vec![0u32]);
        let (mut hash, mut length) = (0u64, 0u32);
        for word in &words.list {
            hash = hash.wrapping_mul(BASE).wrapping_add(word.hash);
            length += word.chars;
            prefix.push(hash);
            chars.push(length);
        }
        Self { words, prefix, chars }
    }

    fn count(&self, n: usize) -> usize {
        (self.words.list.len() + 1).saturating_sub(n)
    }

    fn hash(&self, at: usize, n: usize, power: u64) -> u64 {
        self.prefix[at + n].wrapping_sub(self.prefix[at].wrapping_mul(power))
    }

    /// Characters of the words of a run.
    fn letters(&self, at: usize, n: usize) -> usize {
        (self.chars[at + n] - self.chars[at]) as usize
    }

    /// Characters that the most frequent run covers, the spaces in it included; of equals, the first counts.
    fn most_frequent(&self, n: usize) -> usize {
        let power = BASE.wrapping_pow(n as u32);
        let (mut counts, mut order) = (Vec::new(), Vec::new());
        Tally::with(self.count(n), |tally| {
            for at in 0..self.count(n) {
                let (count, first) = tally.add(self.hash(at, n, power), order.len() as u32);
                if count == 1 {
                    order.push(at);
                    counts.push(0u32);
                }
                counts[first as usize] = count;
            }
        });
        let best = counts.iter().enumerate().max_by_key(|(place, count)| (**count, usize::MAX - place));
        best.map_or(0, |(place, count)| {
            let at = order[place];
            let run = &self.words.list[at..at + n];
            // Python's " ".join: a space between words that are written with one.
            let spaces = run.windows(2).filter(|pair| !(pair[0].unspaced && pair[1].unspaced)).count();
            (self.letters(at, n) + spaces) * *count as usize
        })
    }

    /// Characters in runs that were there before; after one of those, the search goes on behind it.
    fn repeated(&self, n: usize) -> usize {
        let power = BASE.wrapping_pow(n as u32);
        let (mut at, mut chars) = (0, 0);
        Tally::with(self.count(n), |tally| {
            while at < self.count(n) {
                if tally.add(self.hash(at, n, power), 0).0 > 1 {
                    chars += self.letters(at, n);
                    at += n;
                } else {
                    at += 1;
                }
            }
        });
        chars
    }
}

/// Drops what repeats itself (Rae et al. 2021, arXiv 2112.11446, table A1), as datatrove counts it.
pub type FilterGopherRepetition = ByScript<Rules>;

#[cfg(test)]
mod tests {
    use biotope_core::Document;

    use super::*;
    use crate::Step;

    fn why(text: &str) -> Option<String> {
        let verdict = FilterGopherRepetition::default().apply(Document::new("a", text));
        verdict.reason().map(|reason| reason.why.clone())
    }

    #[test]
    fn wrong_numbers_are_named() {
        use biotope_core::Config;
        let wrong = |text: &str| {
            toml::from_str::<FilterGopherRepetition>(text).unwrap().check().unwrap_err().to_string()
        };
        assert_eq!(
            wrong("spaced = { repeated = [[0, 0.1]] }"),
            "invalid spaced.repeated: must have runs of 1 to 100 words, got 0"
        );
        assert_eq!(wrong("chinese = { top = [[2, 1.5]] }"), "invalid chinese.top: must be in 0..=1, got 1.5");
        assert!(wrong("spaced = { unit = 18446744073709551 }").starts_with("invalid spaced.top: "));
    }

    #[test]
    fn each_kind_of_repetition() {
        assert_eq!(why("").unwrap(), "no text");
        let varied = "Wheat rose as exporters bought in the north.\n\nCorn fell because ships were late again.\n\nThe bank left its rate alone while traders \
                      looked for signs of a change, and growers said that nobody had asked them about the harvest yet.";
        assert_eq!(why(varied), None);
        assert_eq!(why("same\n\nsame\n\nother").unwrap(), "repeated paragraphs: 0.333, at most 0.3");
        let lines = "a line of words\n".repeat(3) + "and one more that differs";
        assert_eq!(why(&lines).unwrap(), "repeated lines: 0.500, at most 0.3");
        let phrase = "buy now ".repeat(6) + "while there are some left in our shops";
        assert_eq!(
            why(&phrase).unwrap(),
            "characters in the most frequent run of 2 words: 0.488, at most 0.2"
        );
    }

    #[test]
    fn chinese_counts_two_characters_as_a_word() {
        let varied = "小麦期货周一在芝加哥上涨，交易员说海外需求强劲。分析人士认为秋收将决定后市走向，港口的库存正在下降，运费连续三周走高。";
        assert_eq!(why(varied), None);
        let twice = format!("{varied}{varied}");
        assert_eq!(why(&twice).unwrap(), "characters in repeated runs of 5 words: 0.424, at most 0.198");
        assert_eq!(
            why(&"免费领取".repeat(12)).unwrap(),
            "characters in the most frequent run of 2 words: 1.000, at most 0.256"
        );
    }

    #[test]
    fn runs_are_split_as_a_pattern_would() {
        let split = |text, least| split_runs(text, least).collect::<Vec<_>>();
        assert_eq!(split("a\nb\n\n\nc\n", 1), ["a", "b", "c", ""]);
        assert_eq!(split("a\nb\n\n\nc", 2), ["a\nb", "c"]);
        assert_eq!(split("", 1), [""]);
    }
}
