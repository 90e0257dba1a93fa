//! Two texts compared by runs of four word tokens.

use std::collections::HashMap;

/// Tokens of a run.
const RUN: usize = 4;

/// Shares of all runs of two texts: in both, only in the second, only in the first. They add up to one, so that long
/// pages do not count more.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Hits {
    /// In both.
    pub(crate) found: f64,
    /// Too much.
    pub(crate) extra: f64,
    /// Too little.
    pub(crate) missing: f64,
}

impl Hits {
    /// The share of what was found that is right; undefined if nothing was found.
    pub(crate) fn precision(&self) -> Option<f64> {
        (self.found + self.extra > 0.0).then(|| self.found / (self.found + self.extra))
    }

    /// The share of what is right that was found; undefined if there is nothing.
    pub(crate) fn recall(&self) -> Option<f64> {
        (self.found + self.missing > 0.0).then(|| self.found / (self.found + self.missing))
    }

    /// The harmonic mean of the two; two empty texts are the same.
    pub(crate) fn f1(&self) -> f64 {
        let all = 2.0 * self.found + self.extra + self.missing;
        if all > 0.0 { 2.0 * self.found / all } else { 1.0 }
    }
}

/// Compares what was found with the truth.
pub(crate) fn compare(truth: &str, found: &str) -> Hits {
    let (truth, found) = (tokens(truth), tokens(found));
    let mut counts: HashMap<&[&str], (usize, usize)> = HashMap::new();
    runs(&truth).for_each(|run| counts.entry(run).or_default().0 += 1);
    runs(&found).for_each(|run| counts.entry(run).or_default().1 += 1);
    let (mut both, mut extra, mut missing) = (0, 0, 0);
    for (truth, found) in counts.into_values() {
        both += truth.min(found);
        extra += found.saturating_sub(truth);
        missing += truth.saturating_sub(found);
    }
    let all = (both + extra + missing).max(1) as f64;
    Hits { found: both as f64 / all, extra: extra as f64 / all, missing: missing as f64 / all }
}

/// All runs; a shorter text is one run.
fn runs<'a, 'b>(tokens: &'b [&'a str]) -> impl Iterator<Item = &'b [&'a str]> {
    tokens.windows(RUN.min(tokens.len()).max(1))
}

/// Words in the sense of `\w+`: letters, digits and underscores, as they stand.
pub(crate) fn tokens(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_count_as_often_as_they_occur() {
        let hits = compare("a b c d e", "a b c d x");
        assert_eq!(hits, Hits { found: 1.0 / 3.0, extra: 1.0 / 3.0, missing: 1.0 / 3.0 });
        assert_eq!(compare("a b c d a b c d", "a b c d").missing, 0.8);
        assert_eq!(
            (compare("", "").f1(), compare("", "").precision(), compare("a", "").recall()),
            (1.0, None, Some(0.0))
        );
        assert_eq!(
            (compare("Don't stop", "don t stop").found, compare("小麦 上涨", "小麦，上涨").f1()),
            (0.0, 1.0)
        );
    }
}
