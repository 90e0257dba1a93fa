//! The label follows from the address: `/sport/` is sport.

use biotope_core::{Config, Document, Invalid};
use serde::{Deserialize, Serialize};

use crate::label::Labeller;

/// One pattern and its label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// What the address looks like, without its scheme and what follows `?` or `#`; `*` stands for anything.
    pub url: String,
    /// The label.
    pub label: String,
}

/// Patterns in order: the first that fits, wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Url {
    /// The patterns.
    pub rules: Vec<Pattern>,
}

impl Config for Url {
    const NAME: &'static str = "url";
    const SUMMARY: &'static str = "the label follows from a pattern of the address";

    fn check(&self) -> Result<(), Invalid> {
        if self.rules.is_empty() {
            let none = Invalid::new("rules", "must hold a pattern", "none");
            return Err(none.with_hint("rules = [{ url = \"*/sport/*\", label = \"sport\" }]"));
        }
        for (index, rule) in self.rules.iter().enumerate() {
            if rule.url.is_empty() || rule.label.trim().is_empty() {
                let got = format!("{{ url = {:?}, label = {:?} }}", rule.url, rule.label);
                return Err(Invalid::new(format!("rules[{index}]"), "must have a pattern and a label", got));
            }
        }
        Ok(())
    }
}

impl Labeller for Url {
    fn label(&self, doc: &Document) -> Option<String> {
        let address = plain(&doc.source);
        self.rules.iter().find(|rule| fits(&rule.url, address)).map(|rule| rule.label.clone())
    }
}

/// Host and path.
fn plain(source: &str) -> &str {
    let rest = source.split_once("://").map_or(source, |(_, rest)| rest);
    rest.split(['?', '#']).next().unwrap_or(rest)
}

/// Whether the whole text has the shape of the pattern. Time grows with the product of their lengths at most.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and how much of the text it has swallowed.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((at, swallowed)) = star {
            star = Some((at, swallowed + 1));
            (p, t) = (at + 1, swallowed + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_pattern_that_fits_wins() {
        let rule = |url: &str, label: &str| Pattern { url: url.into(), label: label.into() };
        let rules = vec![
            rule("*/sport/chess/*", "chess"),
            rule("sport.news.example/*", "sport"),
            rule("*/体育/*", "体育"),
        ];
        let rules = Url { rules };
        let label = |source: &str| rules.label(&Document::new(source, ""));
        assert_eq!(label("https://news.example/sport/chess/1?x=/y/").as_deref(), Some("chess"));
        assert_eq!(label("https://sport.news.example/1").as_deref(), Some("sport"));
        assert_eq!(label("https://新闻.example/体育/1#top").as_deref(), Some("体育"));
        assert_eq!(label("https://news.example/?next=/sport/chess/1"), None);
    }

    proptest! {
        #[test]
        fn a_pattern_fits_as_its_regular_expression_does(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            let regex = format!("^{}$", pattern.replace('*', ".*"));
            prop_assert_eq!(fits(&pattern, &text), regex::Regex::new(&regex).unwrap().is_match(&text));
        }
    }
}
