//! Documents that use words of a list: profanity, unsafe matters, whatever a house does not want.

use std::path::PathBuf;

use aho_corasick::AhoCorasick;
use biotope_core::{Config, Document, Invalid, Table};
use serde::{Deserialize, Serialize};

use super::lists;
use crate::Result;
use crate::step::{Reason, Step, Verdict};
use crate::words::is_unspaced;

/// Which terms, and how many of them are too many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilterTerms {
    /// The terms.
    pub terms: Vec<String>,
    /// Files with more of them, one a line, `#` for comments. They are read when the step is made; a bundle carries what
    /// they said.
    pub files: Vec<PathBuf>,
    /// Whether upper and lower case differ.
    pub case_sensitive: bool,
    /// Whether terms are found inside of longer words, too. Chinese terms always are: there is no space to tell.
    pub inside_words: bool,
    /// How many different terms drop the document.
    pub min_terms: usize,
}

impl Default for FilterTerms {
    fn default() -> Self {
        Self {
            terms: Vec::new(),
            files: Vec::new(),
            case_sensitive: false,
            inside_words: false,
            min_terms: 1,
        }
    }
}

impl Config for FilterTerms {
    const NAME: &'static str = "filter-terms";
    const SUMMARY: &'static str = "drops documents with terms of a list, inline or by file";

    fn check(&self) -> Result<(), Invalid> {
        if self.min_terms == 0 {
            return Err(Invalid::new("min_terms", "must be positive", 0));
        }
        Ok(())
    }
}

/// The step, its list read and compiled.
#[derive(Debug)]
pub struct Terms {
    config: FilterTerms,
    automaton: AhoCorasick,
}

impl FilterTerms {
    /// Reads the files and makes the step.
    pub fn open(mut self) -> Result<Terms> {
        self.terms = lists::gather("terms", &self.terms, &std::mem::take(&mut self.files))?;
        let folded = self.terms.iter().map(|term| self.fold(term));
        let automaton = AhoCorasick::new(folded).map_err(|error| {
            Invalid::new("terms", format!("must fit into memory: {error}"), self.terms.len())
        })?;
        Ok(Terms { config: self, automaton })
    }

    fn fold(&self, text: &str) -> String {
        if self.case_sensitive { text.to_owned() } else { text.to_lowercase() }
    }
}

impl Terms {
    /// Numbers of the different terms that a text has, in the order of the list.
    fn found(&self, text: &str) -> Vec<usize> {
        let text = self.config.fold(text);
        let whole = |start: usize, end: usize| self.config.inside_words || stands_alone(&text, start, end);
        let hits = self.automaton.find_overlapping_iter(&text).filter(|hit| whole(hit.start(), hit.end()));
        let mut found: Vec<usize> = hits.map(|hit| hit.pattern().as_usize()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Whether no word goes on over the edges of a stretch.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let joined = |a: Option<char>, b: Option<char>| match (a, b) {
        (Some(a), Some(b)) => [a, b].iter().all(|c| c.is_alphanumeric() && !is_unspaced(*c)),
        _ => false,
    };
    let stretch = &text[start..end];
    !joined(text[..start].chars().next_back(), stretch.chars().next())
        && !joined(stretch.chars().next_back(), text[end..].chars().next())
}

impl Step for Terms {
    fn name(&self) -> &'static str {
        FilterTerms::NAME
    }

    fn settled(&self) -> Option<Table> {
        lists::inline(&self.config)
    }

    fn apply(&self, doc: Document) -> Verdict {
        let mut found = self.found(&doc.text);
        if let Some(title) = &doc.title {
            found.extend(self.found(title));
            found.sort_unstable();
            found.dedup();
        }
        if found.len() < self.config.min_terms {
            return Verdict::Keep(doc);
        }
        let why = format!("{} terms of the list, first {:?}", found.len(), self.config.terms[found[0]]);
        Verdict::Drop(doc, Reason::new(FilterTerms::NAME, why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(config: FilterTerms, text: &str) -> Option<String> {
        config.open().unwrap().apply(Document::new("a", text)).reason().map(|reason| reason.why.clone())
    }

    #[test]
    fn terms_are_matched_as_words_and_chinese_ones_anywhere() {
        let terms = || FilterTerms {
            terms: vec!["ass".into(), "赌博".into(), "Bad Word".into()],
            ..FilterTerms::default()
        };
        assert_eq!(why(terms(), "The assessment of a class passed."), None);
        assert_eq!(why(terms(), "What an ASS!").unwrap(), "1 terms of the list, first \"ass\"");
        assert_eq!(why(terms(), "警方查处网络赌博案件").unwrap(), "1 terms of the list, first \"赌博\"");
        assert_eq!(
            why(FilterTerms { min_terms: 2, ..terms() }, "a bad word and an ass").unwrap().split(',').next(),
            Some("2 terms of the list")
        );
        assert_eq!(why(FilterTerms { case_sensitive: true, ..terms() }, "a bad word"), None);
        assert!(why(FilterTerms { inside_words: true, ..terms() }, "assessment").is_some());
        assert_eq!(why(FilterTerms::default(), "anything"), None);
    }

    #[test]
    fn a_file_travels_as_what_it_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("terms.txt");
        std::fs::write(&path, "# mine\n赌博\n").unwrap();
        let config = FilterTerms { files: vec![path], ..FilterTerms::default() };
        let settled = config.open().unwrap().settled().unwrap();
        assert!(settled["files"].as_array().unwrap().is_empty());
        let there: FilterTerms = settled.try_into().unwrap();
        assert!(why(there, "赌博").is_some());
    }
}
