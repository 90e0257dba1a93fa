//! What is never masked, though it looks like personal data: the paper's own address, a hotline.

use std::collections::HashSet;

use biotope_core::Invalid;
use regex::RegexSet;

#[derive(Debug)]
pub(crate) struct Allow {
    exact: HashSet<String>,
    patterns: RegexSet,
}

impl Allow {
    pub(crate) fn new(exact: &[String], patterns: &[String]) -> Result<Self, Invalid> {
        let whole = patterns.iter().map(|pattern| format!("^(?:{pattern})$"));
        let patterns = RegexSet::new(whole).map_err(|error| {
            Invalid::new(
                "allow_patterns",
                "must be regular expressions",
                error.to_string().replace('\n', " "),
            )
        })?;
        Ok(Self { exact: exact.iter().map(|text| text.to_lowercase()).collect(), patterns })
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        (!self.exact.is_empty() && self.exact.contains(&text.to_lowercase()))
            || (!self.patterns.is_empty() && self.patterns.is_match(text))
    }
}
