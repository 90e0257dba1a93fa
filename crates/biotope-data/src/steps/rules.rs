//! What the quality filters have in common: one set of thresholds for spaced scripts, one for Chinese.
// tidy: no entry because it is what the quality filters are made of

use biotope_core::{Config, Document, Invalid, Table};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};

use crate::step::{Reason, Step, Verdict};
use crate::words::Words;

/// The thresholds of a quality filter for one script. The default is for scripts that put spaces between words.
pub trait Thresholds: Serialize + DeserializeOwned + Default + Send + Sync + 'static {
    /// Registry name of the filter.
    const NAME: &'static str;
    /// One line for lists and help.
    const SUMMARY: &'static str;

    /// For Chinese, and other scripts without spaces.
    fn chinese() -> Self;

    /// Checks the numbers.
    fn check(&self) -> Result<(), Invalid>;

    /// Why a text is dropped, if it is.
    fn why(&self, text: &str, words: &Words) -> Option<String>;
}

/// A quality filter: a text whose words are mostly Chinese (or of another script without spaces) is held to `chinese`, any
/// other to `spaced`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, bound = "T: Thresholds")]
pub struct ByScript<T> {
    /// For scripts that put spaces between words.
    pub spaced: T,
    /// For those that do not. What is not said is as in [`Thresholds::chinese`].
    #[serde(deserialize_with = "over_chinese")]
    pub chinese: T,
}

impl<T: Thresholds> Default for ByScript<T> {
    fn default() -> Self {
        Self { spaced: T::default(), chinese: T::chinese() }
    }
}

impl<T: Thresholds> Config for ByScript<T> {
    const NAME: &'static str = T::NAME;
    const SUMMARY: &'static str = T::SUMMARY;

    fn check(&self) -> Result<(), Invalid> {
        self.spaced.check().map_err(|invalid| invalid.under("spaced"))?;
        self.chinese.check().map_err(|invalid| invalid.under("chinese"))
    }
}

impl<T: Thresholds> Step for ByScript<T> {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn apply(&self, doc: Document) -> Verdict {
        let words = Words::of(&doc.text);
        let thresholds = if words.is_unspaced() { &self.chinese } else { &self.spaced };
        match thresholds.why(&doc.text, &words) {
            Some(why) => Verdict::Drop(doc, Reason::new(T::NAME, why)),
            None => Verdict::Keep(doc),
        }
    }
}

/// Reads a table of thresholds in which whatever is not said is as for Chinese.
fn over_chinese<'de, T: Thresholds, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let said = Table::deserialize(from)?;
    let mut table = Table::try_from(T::chinese()).map_err(D::Error::custom)?;
    table.extend(said);
    table.try_into().map_err(D::Error::custom)
}

/// Refuses what is not a share.
pub(super) fn check_shares(shares: &[(&str, f64)]) -> Result<(), Invalid> {
    match shares.iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
        Some((field, share)) => Err(Invalid::new(*field, "must be in 0..=1", share)),
        None => Ok(()),
    }
}

/// `part / whole`; nothing of nothing is nothing.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Why a share is too large, if it is.
pub(super) fn above(what: &str, part: usize, whole: usize, most: f64) -> Option<String> {
    let share = share(part, whole);
    (share > most).then(|| format!("{what}: {share:.3}, at most {most}"))
}

/// Why a share is too small, if it is.
pub(super) fn below(what: &str, part: usize, whole: usize, least: f64) -> Option<String> {
    let share = share(part, whole);
    (share < least).then(|| format!("{what}: {share:.3}, at least {least}"))
}
