//! The quality rules of Gopher: words, symbols, bullets, ellipses, letters, stop words.

use biotope_core::Invalid;
use serde::{Deserialize, Serialize};

use super::rules::{ByScript, Thresholds, above, below, check_shares};
use crate::words::{Words, lines};

/// Thresholds of one script; 0 turns a limit off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Fewest words, punctuation not counted. In Chinese, each character is a word.
    pub min_words: usize,
    /// Most words.
    pub max_words: usize,
    /// Smallest mean length of a word, in characters.
    pub min_mean_length: f64,
    /// Largest mean length.
    pub max_mean_length: f64,
    /// Most number signs, and most ellipses, per word.
    pub max_symbols: f64,
    /// Largest share of lines that begin with a bullet.
    pub max_bullets: f64,
    /// Largest share of lines that end with an ellipsis.
    pub max_ellipses: f64,
    /// Smallest share of words with a letter.
    pub min_letters: f64,
    /// Fewest different stop words.
    pub min_stop_words: usize,
    /// The stop words.
    pub stop_words: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            min_words: 50,
            max_words: 100_000,
            min_mean_length: 3.0,
            max_mean_length: 10.0,
            max_symbols: 0.1,
            max_bullets: 0.9,
            max_ellipses: 0.3,
            min_letters: 0.8,
            min_stop_words: 2,
            stop_words: ["the", "be", "to", "of", "and", "that", "have", "with"].map(String::from).to_vec(),
        }
    }
}

impl Thresholds for Rules {
    const NAME: &'static str = "filter-gopher-quality";
    const SUMMARY: &'static str = "Gopher's rules on words, symbols, bullets, stop words";

    /// For Chinese: a word has some 1.6 characters, so counts of words are multiplied and shares of words divided by it;
    /// the length of a character says nothing; share of letters and stop words after `FineWeb` 2 (`cmn_Hani`).
    fn chinese() -> Self {
        let stop_words = [
            "的", "年", "在", "月", "是", "和", "日", "了", "於", "为", "為", "有", "被", "中", "也", "与",
            "與", "将",
        ];
        Self {
            min_words: 80,
            max_words: 160_000,
            min_mean_length: 0.0,
            max_mean_length: 0.0,
            max_symbols: 0.06,
            min_letters: 0.735,
            stop_words: stop_words.map(String::from).to_vec(),
            ..Self::default()
        }
    }

    fn check(&self) -> Result<(), Invalid> {
        let shares = [
            ("max_bullets", self.max_bullets),
            ("max_ellipses", self.max_ellipses),
            ("min_letters", self.min_letters),
        ];
        check_shares(&shares)
    }

    fn why(&self, text: &str, words: &Words) -> Option<String> {
        let (all, plain) = (words.list.len(), words.plain());
        if plain < self.min_words {
            return Some(format!("too few words: {plain}, at least {}", self.min_words));
        }
        if self.max_words > 0 && plain > self.max_words {
            return Some(format!("too many words: {plain}, at most {}", self.max_words));
        }
        self.mean_length(words)
            .or_else(|| above("number signs per word", text.matches('#').count(), all, self.max_symbols))
            .or_else(|| above("ellipses per word", ellipses(text), all, self.max_symbols))
            .or_else(|| self.line_shapes(text))
            .or_else(|| {
                let letters = words.list.iter().filter(|word| word.letter).count();
                below("words with a letter", letters, all, if all == 0 { 0.0 } else { self.min_letters })
            })
            .or_else(|| self.stop_words_missing(text, words))
    }
}

impl Rules {
    fn mean_length(&self, words: &Words) -> Option<String> {
        let chars: usize =
            words.list.iter().filter(|word| !word.symbol).map(|word| word.chars as usize).sum();
        let mean = chars as f64 / words.plain().max(1) as f64;
        let (least, most) = (self.min_mean_length, self.max_mean_length);
        if mean < least {
            return Some(format!("mean length of words: {mean:.2}, at least {least}"));
        }
        (most > 0.0 && mean > most).then(|| format!("mean length of words: {mean:.2}, at most {most}"))
    }

    fn line_shapes(&self, text: &str) -> Option<String> {
        let (mut total, mut bullets, mut open) = (0, 0, 0);
        for line in lines(text) {
            total += 1;
            bullets += usize::from(line.trim_start().starts_with(['•', '-']));
            let end = line.trim_end();
            open += usize::from(end.ends_with('…') || end.ends_with("..."));
        }
        let bullets = above("lines that begin with a bullet", bullets, total, self.max_bullets);
        bullets.or_else(|| above("lines that end with an ellipsis", open, total, self.max_ellipses))
    }

    fn stop_words_missing(&self, text: &str, words: &Words) -> Option<String> {
        let needed = self.min_stop_words;
        let mut met = vec![false; self.stop_words.len()];
        let mut count = 0;
        for word in &words.list {
            if count >= needed {
                return None;
            }
            let word = &text[word.start as usize..word.end as usize];
            if let Some(at) = self.stop_words.iter().position(|stop| stop == word) {
                count += usize::from(!std::mem::replace(&mut met[at], true));
            }
        }
        (count < needed).then(|| format!("different stop words: {count}, at least {needed}"))
    }
}

fn ellipses(text: &str) -> usize {
    text.matches("...").count() + text.matches('…').count()
}

/// Drops what breaks a rule of Gopher (Rae et al. 2021, arXiv 2112.11446, section A.1.1), with the thresholds that
/// datatrove publishes.
pub type FilterGopherQuality = ByScript<Rules>;

#[cfg(test)]
mod tests {
    use biotope_core::Document;

    use super::*;
    use crate::Step;

    fn why(text: &str) -> Option<String> {
        let verdict = FilterGopherQuality::default().apply(Document::new("a", text));
        verdict.reason().map(|reason| reason.why.clone())
    }

    #[test]
    fn each_rule_speaks() {
        let good = "The traders of the port said that prices have to be seen with care. ".repeat(5);
        assert_eq!(why(&good), None);
        assert_eq!(why("Short text.").unwrap(), "too few words: 2, at least 50");
        assert_eq!(why(&"a to ".repeat(40)).unwrap(), "mean length of words: 1.50, at least 3");
        assert_eq!(
            why(&format!("{good}{}", "# ".repeat(20))).unwrap(),
            "number signs per word: 0.211, at most 0.1"
        );
        assert_eq!(why(&good.replace("The", "- The\n")).as_deref(), None);
        let listed = format!("- {}", good.replace(". ", " and so on\n- "));
        assert_eq!(why(&listed).unwrap(), "lines that begin with a bullet: 1.000, at most 0.9");
        assert_eq!(why(&"word ".repeat(60)).unwrap(), "different stop words: 0, at least 2");
        assert_eq!(
            why(&format!("{good}{}", "12 ".repeat(40))).unwrap(),
            "words with a letter: 0.609, at least 0.8"
        );
    }

    #[test]
    fn chinese_has_thresholds_of_its_own() {
        let good = "小麦期货周一在芝加哥上涨，交易员说海外的需求强劲。分析人士表示，收成将决定行情是否能持续到秋季。".repeat(2);
        assert_eq!(why(&good), None);
        assert_eq!(why("小麦期货周一上涨。").unwrap(), "too few words: 8, at least 80");
        assert_eq!(why(&"小麦期货上涨".repeat(20)).unwrap(), "different stop words: 0, at least 2");
        let step: FilterGopherQuality =
            toml::from_str("chinese = { min_words = 5, min_stop_words = 0 }").unwrap();
        assert_eq!(step.chinese.min_letters, 0.735);
        assert!(step.apply(Document::new("a", "小麦期货周一上涨。")).kept().is_some());
    }
}
