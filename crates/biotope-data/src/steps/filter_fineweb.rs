//! The quality rules of `FineWeb`: lines that end, lines that are short, lines that come again.

use biotope_core::Invalid;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::rules::{ByScript, Thresholds, above, below, check_shares};
use crate::tally::Tally;
use crate::words::Words;

/// Marks that end a sentence, in the scripts that newspapers are written in.
const TERMINAL: &[char] = &[
    '.', '!', '?', '。', '！', '？', '．', '｡', '؟', '۔', '؝', '؞', '।', '॥', '։', '።', '፧', '፨', '။', '၊',
    '។', '៕', '៚', '‼', '‽', '⁇', '⁈', '⁉', '⸮', '﹒', '﹖', '﹗', '܀', '܁', '܂', '߹', '᙮', '᠃', '᠉', '꓿',
    '꘎', '꘏',
];

/// Thresholds of one script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Smallest share of lines that end with a mark that ends a sentence.
    pub min_ended_lines: f64,
    /// Largest share of short lines.
    pub max_short_lines: f64,
    /// A line of at most so many characters is short.
    pub short_line: usize,
    /// Largest share of characters in lines that were there before.
    pub max_repeated_chars: f64,
    /// Most line feeds per word. In Chinese, each character is a word.
    pub max_line_feeds: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            min_ended_lines: 0.12,
            max_short_lines: 0.67,
            short_line: 30,
            max_repeated_chars: 0.01,
            max_line_feeds: 0.3,
        }
    }
}

impl Thresholds for Rules {
    const NAME: &'static str = "filter-fineweb";
    const SUMMARY: &'static str = "FineWeb's rules on unfinished, short and repeated lines";

    /// For Chinese: `FineWeb` 2's thresholds (`cmn_Hani`), its line feeds per word divided by 1.6 characters per word; a
    /// line is short with half as many characters.
    fn chinese() -> Self {
        Self {
            min_ended_lines: 0.106,
            short_line: 15,
            max_repeated_chars: 0.1,
            max_line_feeds: 0.111,
            ..Self::default()
        }
    }

    fn check(&self) -> Result<(), Invalid> {
        let shares = [
            ("min_ended_lines", self.min_ended_lines),
            ("max_short_lines", self.max_short_lines),
            ("max_repeated_chars", self.max_repeated_chars),
        ];
        check_shares(&shares)
    }

    fn why(&self, text: &str, words: &Words) -> Option<String> {
        let (mut all, mut ended, mut short, mut repeated) = (0, 0, 0, 0);
        Tally::with(64, |tally| {
            for line in text.split('\n').filter(|line| !line.trim().is_empty()) {
                let chars = line.chars().count();
                all += 1;
                ended += usize::from(line.ends_with(TERMINAL));
                short += usize::from(chars <= self.short_line);
                repeated += if tally.add(xxh3_64(line.as_bytes()), 0).0 > 1 { chars } else { 0 };
            }
        });
        if all == 0 {
            return Some("no text".into());
        }
        let feeds = text.bytes().filter(|b| *b == b'\n').count();
        below("lines that end a sentence", ended, all, self.min_ended_lines)
            .or_else(|| above("short lines", short, all, self.max_short_lines))
            .or_else(|| {
                above("characters in repeated lines", repeated, words.chars - feeds, self.max_repeated_chars)
            })
            .or_else(|| above("line feeds per word", feeds, words.list.len(), self.max_line_feeds))
    }
}

/// Drops what breaks a rule of `FineWeb` (Penedo et al. 2024, arXiv 2406.17557, section 3.5), with the thresholds that
/// datatrove publishes.
pub type FilterFineweb = ByScript<Rules>;

#[cfg(test)]
mod tests {
    use biotope_core::Document;

    use super::*;
    use crate::Step;

    fn why(text: &str) -> Option<String> {
        let verdict = FilterFineweb::default().apply(Document::new("a", text));
        verdict.reason().map(|reason| reason.why.clone())
    }

    #[test]
    fn each_rule_speaks() {
        let good = "Wheat prices rose for a third day as exporters bought.\nTraders in the port saw ships wait for a berth.";
        assert_eq!(why(good), None);
        assert_eq!(why(" \n ").unwrap(), "no text");
        assert_eq!(why(&good.replace('.', "")).unwrap(), "lines that end a sentence: 0.000, at least 0.12");
        assert_eq!(why("Short one.\nShort two.\nShort three.").unwrap(), "short lines: 1.000, at most 0.67");
        assert_eq!(
            why(&format!("{good}\n{good}")).unwrap(),
            "characters in repeated lines: 0.500, at most 0.01"
        );
        assert_eq!(
            why(&good.replace(' ', "_____________\n\n")).unwrap(),
            "lines that end a sentence: 0.100, at least 0.12"
        );
    }

    #[test]
    fn chinese_has_thresholds_of_its_own() {
        let good = "小麦期货周一在芝加哥上涨，交易员说海外需求强劲。\n分析人士认为秋收将决定后市走向，港口库存正在下降。";
        assert_eq!(why(good), None);
        assert_eq!(why("小麦上涨。\n玉米下跌。\n大豆持平。").unwrap(), "short lines: 1.000, at most 0.67");
    }
}
