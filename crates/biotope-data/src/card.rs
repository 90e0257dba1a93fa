//! The card of a dataset: what a reader must know before using it (Gebru et al. 2021, "Datasheets for datasets"),
//! counted from the version itself.
//!
//! Rows of the test split are counted, never shown, so a card is no opening of it. Memory: four bytes per row, and at most
//! [`NAMES`] different sources, licences, languages and months each; of more, the rarest are summed up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, LabelCount, Row};
use crate::split::Split;
use crate::{Error, Result};

mod markdown;
mod page;

/// Names that a table or plot shows before the rest is summed up.
const SHOWN: usize = 30;

/// Names of a kind that are counted one by one.
const NAMES: usize = 100_000;

/// Meta entries in which sources name a licence.
const LICENCES: [&str; 4] = ["licence", "license", "rights", "copyright"];

/// The step whose effect counts personal data.
const MASKING: &str = "mask-personal-data";

/// What there is to say about a dataset version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetCard {
    /// Its name.
    pub name: String,
    /// Version.
    pub version: u64,
    /// When that was committed.
    pub committed: String,
    /// Content digest.
    pub digest: String,
    /// The licence under which it is given on, as its owner says.
    pub license: String,
    /// Rows.
    pub rows: u64,
    /// Rows by split.
    pub splits: BTreeMap<Split, u64>,
    /// Labels, with rows by split.
    pub labels: Vec<LabelCount>,
    /// Rows by host (of a file: its name), the largest first.
    pub sources: Vec<(String, u64)>,
    /// Rows by language tag; `"unknown"` where none was set.
    pub languages: BTreeMap<String, u64>,
    /// Rows by the licence that the source named, the largest first; empty if no source named any.
    pub licences: Vec<(String, u64)>,
    /// Rows by year and month of publication; `"undated"` where there is no date.
    pub months: BTreeMap<String, u64>,
    /// What its curation set aside, by step; `None` if its commit does not say.
    pub set_aside: Option<BTreeMap<String, u64>>,
    /// Masked personal data by type.
    pub personal: BTreeMap<String, u64>,
    /// Rows in which some was masked.
    pub personal_rows: u64,
    /// Length of the texts.
    pub length: Length,
    /// Rows with a title.
    pub titled: u64,
    /// Times that the test split was opened; `None` if the record of openings is damaged.
    pub openings: Option<u64>,
    /// Files of this version.
    pub files: Vec<String>,
    /// The configuration that made it, as TOML.
    pub config: String,
}

/// Characters of the texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Length {
    /// All together.
    pub total: u64,
    /// Shortest, 10th, 50th and 90th percentile, longest.
    pub quantiles: [u64; 5],
    /// Rows by length: up to 100, 300, 1,000, ... characters.
    pub bins: Vec<(u64, u64)>,
}

/// Upper ends of the bins; what is longer goes into the last.
const BINS: [u64; 7] = [100, 300, 1_000, 3_000, 10_000, 30_000, u64::MAX];

impl Length {
    fn of(mut lengths: Vec<u32>) -> Self {
        lengths.sort_unstable();
        let Some(last) = lengths.len().checked_sub(1) else { return Self::default() };
        let at = |share: f64| u64::from(lengths[(last as f64 * share).round() as usize]);
        let bin = |(n, end): (usize, &u64)| {
            let begin = if n == 0 { 0 } else { BINS[n - 1] + 1 };
            let inside = |length: &&u32| (begin..=*end).contains(&u64::from(**length));
            (*end, lengths.iter().filter(inside).count() as u64)
        };
        let total = lengths.iter().map(|length| u64::from(*length)).sum();
        let quantiles = [at(0.0), at(0.1), at(0.5), at(0.9), at(1.0)];
        Self { total, quantiles, bins: BINS.iter().enumerate().map(bin).collect() }
    }
}

/// Counts while rows go by.
#[derive(Default)]
struct Counts {
    rows: u64,
    splits: BTreeMap<Split, u64>,
    labels: BTreeMap<String, BTreeMap<Split, u64>>,
    sources: Names,
    languages: Names,
    licences: Names,
    months: Names,
    personal: BTreeMap<String, u64>,
    personal_rows: u64,
    lengths: Vec<u32>,
    titled: u64,
}

/// How often names occur, the rarest of many forgotten.
#[derive(Default)]
struct Names {
    counts: BTreeMap<String, u64>,
    forgotten: u64,
}

impl Names {
    fn add(&mut self, name: String, most: usize) {
        *self.counts.entry(name).or_default() += 1;
        let mut rare = 0;
        while self.counts.len() > if rare == 0 { most } else { most / 2 } {
            rare += 1;
            let forgotten = &mut self.forgotten;
            self.counts.retain(|_, count| {
                *forgotten += if *count > rare { 0 } else { *count };
                *count > rare
            });
        }
    }

    /// All of them, the forgotten as one.
    fn all(mut self) -> BTreeMap<String, u64> {
        if self.forgotten > 0 {
            *self.counts.entry("others, too many to count".to_owned()).or_default() += self.forgotten;
        }
        self.counts
    }
}

impl Counts {
    fn add(&mut self, row: &Row) {
        let doc = &row.doc;
        self.rows += 1;
        *self.splits.entry(row.split).or_default() += 1;
        if let Some(label) = &doc.label {
            *self.labels.entry(label.clone()).or_default().entry(row.split).or_default() += 1;
        }
        self.sources.add(source(&doc.source), NAMES);
        let language = doc.language.clone().unwrap_or_else(|| "unknown".into());
        self.languages.add(language, NAMES);
        if let Some(licence) = LICENCES.iter().find_map(|key| doc.meta.get(*key)) {
            self.licences.add(licence.chars().take(100).collect(), NAMES);
        }
        let month = doc.published.as_deref().and_then(|date| date.get(..7)).unwrap_or("undated");
        self.months.add(month.to_owned(), NAMES);
        let mut masked = false;
        for trace in doc.trail.iter().filter(|trace| trace.step == MASKING) {
            masked |= self.mask(&trace.effect);
        }
        self.personal_rows += u64::from(masked);
        self.lengths.push(u32::try_from(doc.text.chars().count()).unwrap_or(u32::MAX));
        self.titled += u64::from(doc.title.is_some());
    }

    /// Reads `masked 2 e-mail, 1 phone; kept 1 url`: what was kept is not masked. Says whether anything was.
    fn mask(&mut self, effect: &str) -> bool {
        let mut any = false;
        let masked = effect.split(';').filter(|part| !part.trim_start().starts_with("kept"));
        for part in masked.flat_map(|part| part.split(',')) {
            let mut words = part.split_whitespace().skip_while(|word| word.parse::<u64>().is_err());
            let (Some(count), Some(name)) = (words.next().and_then(|n| n.parse::<u64>().ok()), words.next())
            else {
                continue;
            };
            if count > 0 {
                *self.personal.entry(name.to_owned()).or_default() += count;
                any = true;
            }
        }
        any
    }
}

/// The host of an address as it is written there, the name of a file, or the source as it stands.
fn source(text: &str) -> String {
    if let Some(file) = text.strip_prefix("file:") {
        return file.split('#').next().unwrap_or(file).to_owned();
    }
    let authority = text.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    // What stands before an @ may be a password.
    let host = authority.and_then(|authority| authority.rsplit('@').next());
    host.unwrap_or(text).chars().take(100).collect()
}

fn ranked(counts: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut ranked: Vec<_> = counts.into_iter().collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    ranked
}

impl DatasetCard {
    /// Reads a version from end to end and counts.
    pub fn of(dataset: &Dataset, name: &str, license: &str) -> Result<Self> {
        let mut counts = Counts::default();
        for row in dataset.rows(None) {
            counts.add(&row?);
        }
        let openings = match dataset.openings() {
            Err(Error::Format { .. }) => None,
            openings => Some(openings?.len() as u64),
        };
        let info = dataset.info(dataset.version())?;
        let file = |path: &std::path::PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
        let labels = counts.labels.into_iter().map(|(label, rows)| LabelCount { label, rows });
        Ok(Self {
            name: name.to_owned(),
            version: dataset.version(),
            committed: info.committed,
            digest: dataset.digest()?,
            license: license.to_owned(),
            rows: counts.rows,
            splits: counts.splits,
            labels: labels.collect(),
            sources: ranked(counts.sources.all()),
            languages: counts.languages.all(),
            licences: ranked(counts.licences.all()),
            months: counts.months.all(),
            set_aside: serde_json::from_value(info.about["set_aside"].clone()).ok(),
            personal: counts.personal,
            personal_rows: counts.personal_rows,
            length: Length::of(counts.lengths),
            titled: counts.titled,
            openings,
            files: dataset.files().iter().filter_map(file).collect(),
            config: toml_of(&info.about["config"]),
        })
    }
}

/// Settings as one would write them; empty if there are none.
fn toml_of(about: &serde_json::Value) -> String {
    let config = serde_json::from_value::<biotope_core::Table>(about.clone());
    config.map(|table| table.to_string()).unwrap_or_default()
}

/// Names with counts, the rest summed up.
fn shown(counts: &[(String, u64)]) -> Vec<(String, u64)> {
    let mut rows: Vec<_> = counts.iter().take(SHOWN).cloned().collect();
    let rest: u64 = counts.iter().skip(SHOWN).map(|(_, count)| count).sum();
    if rest > 0 {
        rows.push((format!("{} others", counts.len() - SHOWN), rest));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarest_of_too_many_names_are_summed_up() {
        let mut names = Names::default();
        for n in 0..40 {
            names.add("often".into(), 10);
            names.add(format!("once {n}"), 10);
        }
        assert!(names.counts.len() <= 10, "{}", names.counts.len());
        let all = names.all();
        assert_eq!((all["often"], all.values().sum::<u64>()), (40, 80));
    }

    #[test]
    fn what_was_kept_is_not_masked() {
        let mut counts = Counts::default();
        counts.mask("masked 2 email, 1 phone; kept 3 url");
        counts.mask("kept 1 email");
        assert_eq!(counts.personal, [("email".to_owned(), 2), ("phone".to_owned(), 1)].into());
    }
}
