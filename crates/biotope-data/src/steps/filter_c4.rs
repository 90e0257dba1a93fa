//! The rules of C4: only lines that are sentences stay, and only documents with enough of them.

use std::sync::LazyLock;

use biotope_core::{Config, Document};
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::step::{Reason, Step, Verdict};
use crate::words::{Word, Words, is_unspaced, lines};

static CITATION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[\d*\]|\[edit\]|\[citation needed\]").expect("the pattern is constant"));

/// What lines may end with.
const END: &[char] = &['.', '?', '!', '"', '\'', '。', '？', '！', '”', '’', '」', '』'];

/// Phrases of notices that no article says. The second list is what Chinese sites write.
const POLICY: &[&str] =
    &["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"];
const POLICY_CHINESE: &[&str] =
    &["隐私政策", "隐私条款", "使用条款", "服务条款", "用户协议", "版权所有", "未经授权不得转载"];

/// Keeps the lines that C4 keeps (Raffel et al. 2020, JMLR 21:140, section 2.2), and drops a document with fewer than
/// `min_sentences` sentences in them, as datatrove does it.
///
/// Chinese: a line may end with `。`, `？`, `！` or a closing quotation mark, two characters count as a word, a sentence ends
/// at a Chinese mark, and Chinese notices are known. Unlike in datatrove, a line may end with a citation (`[1]`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of its own that can be turned off")]
pub struct FilterC4 {
    /// Fewest sentences in the lines that stay; 0 is no limit.
    pub min_sentences: usize,
    /// Fewest words of a line; 0 is no limit.
    pub min_words: usize,
    /// A line with a longer word goes; 0 is no limit.
    pub max_word_length: usize,
    /// Whether citations (`[1]`, `[edit]`) are taken out.
    pub citations: bool,
    /// Whether a line must end like a sentence.
    pub terminal: bool,
    /// Whether a document with "lorem ipsum" is dropped.
    pub lorem_ipsum: bool,
    /// Whether a line that speaks of JavaScript goes.
    pub javascript: bool,
    /// Whether a document with a curly bracket is dropped.
    pub curly_bracket: bool,
    /// Whether a line that speaks of cookies or terms of use goes.
    pub policy: bool,
}

impl Default for FilterC4 {
    fn default() -> Self {
        Self {
            min_sentences: 5,
            min_words: 3,
            max_word_length: 1000,
            citations: true,
            terminal: true,
            lorem_ipsum: true,
            javascript: true,
            curly_bracket: true,
            policy: true,
        }
    }
}

impl Config for FilterC4 {
    const NAME: &'static str = "filter-c4";
    const SUMMARY: &'static str = "C4's rules: lines that are sentences, at least five of them";
}

/// What becomes of a line.
enum Line {
    Keep(String),
    Remove,
    /// The whole document goes.
    Drop(&'static str),
}

impl FilterC4 {
    /// The lines that stay, or why the document does not.
    fn kept(&self, text: &str) -> Result<Kept, String> {
        let mut kept = Kept { text: String::with_capacity(text.len()), lines: 0, of: 0 };
        let mut count = 0;
        for line in lines(text) {
            kept.of += 1;
            match self.line(line) {
                Line::Keep(line) => {
                    count += if count < self.min_sentences { sentences(&line) } else { 0 };
                    kept.text.push_str(if kept.lines > 0 { "\n" } else { "" });
                    kept.text.push_str(&line);
                    kept.lines += 1;
                }
                Line::Remove => {}
                Line::Drop(what) => return Err(format!("it has {what}")),
            }
        }
        if count >= self.min_sentences {
            return Ok(kept);
        }
        let (lines, of, least) = (kept.lines, kept.of, self.min_sentences);
        Err(format!("too few sentences: {count} in {lines} of {of} lines, at least {least}"))
    }

    fn line(&self, line: &str) -> Line {
        let line = line.trim();
        if self.max_word_length > 0 && has_long_word(line, self.max_word_length) {
            return Line::Remove;
        }
        let words = word_count(line);
        let line = if self.citations { without_citations(line) } else { line.to_owned() };
        if (self.terminal && (!line.ends_with(END) || line.ends_with("...") || line.ends_with('…')))
            || words < self.min_words
        {
            return Line::Remove;
        }
        let lower = line.to_lowercase();
        if self.lorem_ipsum && lower.contains("lorem ipsum") {
            return Line::Drop("lorem ipsum");
        }
        if self.javascript && lower.contains("javascript") {
            return Line::Remove;
        }
        if self.curly_bracket && line.contains('{') {
            return Line::Drop("a curly bracket");
        }
        let notice = |list: &[&str]| list.iter().any(|phrase| lower.contains(phrase));
        if self.policy && (notice(POLICY) || (!line.is_ascii() && notice(POLICY_CHINESE))) {
            return Line::Remove;
        }
        Line::Keep(line)
    }
}

/// What stays of a text.
struct Kept {
    text: String,
    lines: usize,
    of: usize,
}

fn has_long_word(line: &str, most: usize) -> bool {
    // Length in bytes first: it is never below that in characters.
    line.len() > most
        && line.split(|c: char| c.is_whitespace() || is_unspaced(c)).any(|word| word.chars().count() > most)
}

/// Words between spaces; of scripts without spaces, two characters are one.
fn word_count(line: &str) -> usize {
    if line.is_ascii() {
        return line.split_ascii_whitespace().count();
    }
    let unspaced = line.chars().filter(|c| is_unspaced(*c)).count();
    let spaced = line.split_whitespace().filter(|word| !word.contains(is_unspaced)).count();
    spaced + unspaced.div_ceil(2)
}

/// Citations within citations that are taken out.
const CITED: usize = 8;

/// Takes citations out until there are none: what is left of one may be another.
fn without_citations(line: &str) -> String {
    let mut line = line.to_owned();
    for _ in 0..CITED {
        let shorter = CITATION.replace_all(&line, "").trim().to_owned();
        if shorter.len() == line.len() {
            break;
        }
        line = shorter;
    }
    line
}

/// Sentences of a line: a mark that is a word of its own ends one, whatever comes behind other marks begins the next.
fn sentences(line: &str) -> usize {
    // Not `of`: the whole text is remembered there, for the filters that come after.
    let words = Words::find(line);
    let (mut count, mut ended) = (usize::from(!words.list.is_empty()), false);
    for word in &words.list {
        if ends_sentence(line, word) {
            ended = true;
        } else if ended && !word.symbol {
            (count, ended) = (count + 1, false);
        }
    }
    count
}

fn ends_sentence(line: &str, word: &Word) -> bool {
    let mark = &line[word.start as usize..word.end as usize];
    word.symbol && matches!(mark, "." | "!" | "?" | "..." | "…" | "。" | "！" | "？" | "｡" | "．")
}

impl Step for FilterC4 {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn apply(&self, mut doc: Document) -> Verdict {
        let kept = match self.kept(&doc.text) {
            Ok(kept) => kept,
            Err(why) => return Verdict::Drop(doc, Reason::new(Self::NAME, why)),
        };
        if kept.text != doc.text {
            doc.trace(Self::NAME, format!("kept {} of {} lines", kept.lines, kept.of));
            doc.text = kept.text;
        }
        Verdict::Keep(doc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(text: &str) -> Result<String, String> {
        match FilterC4::default().apply(Document::new("a", text)) {
            Verdict::Keep(doc) => Ok(doc.text),
            Verdict::Drop(_, reason) => Err(reason.why),
        }
    }

    const GOOD: &str = "Wheat rose. Corn fell. Oats held.\nMr. Smith saw it. \"We are glad!\" he said.";

    #[test]
    fn lines_that_are_no_sentences_go() {
        let page = format!(
            "Home | News | Sport\n{GOOD}\nRead more...\nPlease enable JavaScript to read.\nWe use cookies.\n ok.\n"
        );
        assert_eq!(apply(&page).unwrap(), GOOD);
        assert_eq!(apply(&GOOD.replace("held.", "held.[12] [edit]")).unwrap(), GOOD);
        assert_eq!(
            apply("One. Two. Three. Four of them.").unwrap_err(),
            "too few sentences: 4 in 1 of 1 lines, at least 5"
        );
        assert_eq!(apply(&format!("{GOOD}\nLorem ipsum dolor sit.")).unwrap_err(), "it has lorem ipsum");
        assert_eq!(apply(&format!("{GOOD}\nif x {{ then stop it.")).unwrap_err(), "it has a curly bracket");
        assert_eq!(apply(&format!("{GOOD}\n{} is a word.", "x".repeat(1001))).unwrap(), GOOD);
    }

    #[test]
    fn chinese_lines_are_held_to_chinese_marks() {
        let good = "小麦期货周一上涨。玉米下跌！大豆呢？\n交易员说，海外需求强劲。分析人士说：“后市看秋收。”";
        let page = format!("首页 新闻 体育\n{good}\n版权所有，未经授权不得转载。\n更多精彩内容请点击…");
        assert_eq!(apply(&page).unwrap(), good);
        assert_eq!(
            apply("小麦上涨。玉米下跌。").unwrap_err(),
            "too few sentences: 2 in 1 of 1 lines, at least 5"
        );
    }
}
