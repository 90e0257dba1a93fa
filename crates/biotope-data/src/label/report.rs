//! What is to be known about the labels of a dataset: imbalance, conflicts, likely errors.
//!
//! Likely errors come from a model that is trained on some folds and asked about the others; which model that is,
//! the caller says ([`ProbabilityModel`]), so that this crate needs none. The texts are in memory meanwhile, as they
//! are for any training.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use biotope_core::{Document, Invalid, RecordId, Seed};
use serde::{Deserialize, Serialize};

use crate::dataset::Row;
use crate::dedup::{DedupConfig, Sketcher};
use crate::label::confident::{Confident, argmax, confident};
use crate::quarantine::SetAside;
use crate::split::SplitRow;
use crate::splits::k_fold::{FOLDS, folds};
use crate::{Error, Result};

/// Characters of a text that a suspect shows.
const EXCERPT: usize = 80;

/// A document and its class.
pub type Known<'a> = (&'a Document, usize);

/// A row of probabilities for each document, or why there are none.
pub type Scores = Result<Vec<Vec<f64>>, Box<dyn std::error::Error + Send + Sync>>;

/// A model that can be trained and asked for probabilities: what cross-validation needs, and no more.
pub trait ProbabilityModel {
    /// What it is, for the report.
    fn describe(&self) -> String;

    /// Learns from documents with their class (`0..classes`), then gives a row of `classes` probabilities for each of
    /// the others. The same arguments give the same numbers.
    fn probabilities(&self, learn: &[Known<'_>], ask: &[&Document], classes: usize, seed: Seed) -> Scores;
}

/// How unevenly labels are spread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Imbalance {
    /// Rows of the largest class for each of the smallest.
    pub ratio: f64,
    /// Entropy of the classes over that of equally large ones: 1 is even, 0 is one class for all.
    pub evenness: f64,
    /// How many equally large classes would have that entropy.
    pub effective: f64,
}

/// Documents that say the same and are labelled differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The near-duplicate cluster, or the first document of that text.
    pub cluster: RecordId,
    /// Its members: record, source, label.
    pub members: Vec<(RecordId, String, String)>,
}

/// A document whose label is likely wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Doubt {
    /// The record.
    pub id: RecordId,
    /// Where it came from.
    pub source: String,
    /// Its title, or how its text begins.
    pub excerpt: String,
    /// Its label.
    pub given: String,
    /// The label that the model finds most probable.
    pub suggested: String,
    /// Probability of the given label.
    pub confidence: f64,
    /// That minus the probability of the suggested one, from -1 (surely wrong) to 0.
    pub margin: f64,
}

/// What cross-validation says about the labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Doubts {
    /// The model.
    pub model: String,
    /// Folds of the cross-validation.
    pub folds: usize,
    /// Share of rows whose most probable class is their label, each asked of a model that had not seen it.
    pub agreement: f64,
    /// Estimated share of wrong labels.
    pub noise: f64,
    /// Mean probability that the examples of each label get for it.
    pub thresholds: BTreeMap<String, f64>,
    /// Rows that are confidently of another class than labelled: given label, class, rows.
    pub confused: Vec<(String, String, u64)>,
    /// The documents, the surest first.
    pub suspects: Vec<Doubt>,
}

/// The report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelReport {
    /// Rows that were looked at.
    pub rows: u64,
    /// Rows without a label.
    pub unlabelled: u64,
    /// Rows by label.
    pub labels: BTreeMap<String, u64>,
    /// How unevenly they are spread.
    pub imbalance: Imbalance,
    /// Same text or cluster, different labels.
    pub conflicts: Vec<Conflict>,
    /// Likely errors; none without a model or with fewer than two labels.
    pub doubts: Option<Doubts>,
}

/// Examines the labels of rows. `set_aside` is the quarantine of their curation, where the near-duplicates lie; without
/// a model no errors are looked for.
pub fn examine(
    rows: &[Row],
    set_aside: &[SetAside],
    model: Option<(&dyn ProbabilityModel, usize)>,
    seed: Seed,
) -> Result<LabelReport> {
    let mut labels: BTreeMap<String, u64> = BTreeMap::new();
    rows.iter()
        .filter_map(|row| row.doc.label.clone())
        .for_each(|label| *labels.entry(label).or_default() += 1);
    let labelled: u64 = labels.values().sum();
    let few = model.map(|(_, folds)| folds).filter(|folds| !FOLDS.contains(folds));
    if let Some(folds) = few {
        return Err(Invalid::new("folds", "must be in 2..=1000", folds).into());
    }
    let doubts = match model {
        Some((model, folds)) if labels.len() > 1 => Some(doubts(rows, &labels, model, folds, seed)?),
        _ => None,
    };
    Ok(LabelReport {
        rows: rows.len() as u64,
        unlabelled: rows.len() as u64 - labelled,
        imbalance: imbalance(&labels.values().copied().collect::<Vec<_>>()),
        labels,
        conflicts: conflicts(rows, set_aside),
        doubts,
    })
}

fn imbalance(counts: &[u64]) -> Imbalance {
    let (Some(most), Some(least)) = (counts.iter().max(), counts.iter().min()) else {
        return Imbalance::default();
    };
    let all = counts.iter().sum::<u64>() as f64;
    let share = |count: &u64| *count as f64 / all;
    let entropy: f64 = counts.iter().map(|count| -share(count) * share(count).ln()).sum();
    let evenness = if counts.len() > 1 { entropy / (counts.len() as f64).ln() } else { 0.0 };
    Imbalance { ratio: *most as f64 / *least as f64, evenness, effective: entropy.exp() }
}

fn conflicts(rows: &[Row], set_aside: &[SetAside]) -> Vec<Conflict> {
    let mut members: BTreeMap<RecordId, Vec<(RecordId, String, String)>> = BTreeMap::new();
    let sketcher = Sketcher::new(&DedupConfig::default());
    let mut texts: HashMap<[u8; 16], RecordId> = HashMap::new();
    for row in rows {
        let Some(label) = &row.doc.label else { continue };
        // Where duplicates were not looked for, equal texts still are.
        let alone = row.cluster == row.doc.id;
        let exact = alone.then(|| sketcher.sketch(&row.doc.full_text()).exact);
        let cluster = exact.map_or(row.cluster, |exact| *texts.entry(exact).or_insert(row.cluster));
        members.entry(cluster).or_default().push((row.doc.id, row.doc.source.clone(), label.clone()));
    }
    for entry in set_aside {
        if let (Some(id), Some(cluster), Some(label)) = (entry.id, entry.cluster, &entry.label) {
            members.entry(cluster).or_default().push((id, entry.source.clone(), label.clone()));
        }
    }
    members.retain(|_, members| members.iter().any(|member| member.2 != members[0].2));
    members.into_iter().map(|(cluster, members)| Conflict { cluster, members }).collect()
}

fn doubts(
    rows: &[Row],
    labels: &BTreeMap<String, u64>,
    model: &dyn ProbabilityModel,
    folds: usize,
    seed: Seed,
) -> Result<Doubts> {
    let names: Vec<&String> = labels.keys().collect();
    let class = |row: &Row| names.binary_search(&row.doc.label.as_ref()?).ok();
    let known: Vec<(&Row, usize)> = rows.iter().filter_map(|row| Some((row, class(row)?))).collect();
    let given: Vec<usize> = known.iter().map(|(_, class)| *class).collect();
    let scores = out_of_fold(&known, model, names.len(), folds, seed)?;
    let found = confident(&given, &scores, names.len());
    let agreeing = scores.iter().zip(&given).filter(|(scores, given)| argmax(scores) == **given).count();
    let doubt = |suspect: &crate::label::confident::Suspect| {
        let doc = &known[suspect.row].0.doc;
        Doubt {
            id: doc.id,
            source: doc.source.clone(),
            excerpt: doc.title.as_ref().unwrap_or(&doc.text).chars().take(EXCERPT).collect(),
            given: names[suspect.given].clone(),
            suggested: names[suspect.suggested].clone(),
            confidence: suspect.confidence,
            margin: suspect.margin,
        }
    };
    Ok(Doubts {
        model: model.describe(),
        folds,
        agreement: agreeing as f64 / given.len().max(1) as f64,
        noise: found.noise(&given),
        thresholds: names.iter().zip(&found.thresholds).map(|(name, t)| ((*name).clone(), *t)).collect(),
        confused: confused(&found, &names),
        suspects: found.suspects.iter().map(doubt).collect(),
    })
}

fn confused(found: &Confident, names: &[&String]) -> Vec<(String, String, u64)> {
    let mut pairs = Vec::new();
    for (given, counts) in found.joint.iter().enumerate() {
        for (class, count) in
            counts.iter().enumerate().filter(|(class, count)| *class != given && **count > 0)
        {
            pairs.push((names[given].clone(), names[class].clone(), *count));
        }
    }
    pairs.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| (&a.0, &a.1).cmp(&(&b.0, &b.1))));
    pairs
}

/// Probabilities of each row from a model that has seen neither it nor a near-duplicate of it.
fn out_of_fold(
    rows: &[(&Row, usize)],
    model: &dyn ProbabilityModel,
    classes: usize,
    count: usize,
    seed: Seed,
) -> Result<Vec<Vec<f64>>> {
    let split_row = |(row, _): &(&Row, usize)| SplitRow {
        id: row.doc.id,
        label: row.doc.label.as_deref().map(Arc::from),
        published: None,
        cluster: row.cluster,
        group: None,
    };
    let fold_of = folds(&rows.iter().map(split_row).collect::<Vec<_>>(), count, seed);
    let mut scores = vec![Vec::new(); rows.len()];
    for fold in 0..count {
        let asked: Vec<usize> = (0..rows.len()).filter(|row| fold_of[*row] == fold).collect();
        if asked.is_empty() {
            continue;
        }
        let learn: Vec<(&Document, usize)> = (0..rows.len())
            .filter(|row| fold_of[*row] != fold)
            .map(|row| (&rows[row].0.doc, rows[row].1))
            .collect();
        let ask: Vec<&Document> = asked.iter().map(|row| &rows[*row].0.doc).collect();
        let seed = seed.derive(&format!("fold/{fold}"));
        let given =
            model.probabilities(&learn, &ask, classes, seed).map_err(|cause| Error::Model { cause })?;
        let wrong = given.len() != ask.len() || given.iter().any(|row| row.len() != classes);
        assert!(
            !wrong,
            "a ProbabilityModel gives a row of as many numbers as there are classes for each document"
        );
        asked.into_iter().zip(given).for_each(|(row, given)| scores[row] = given);
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split::Split;

    /// Knows the classes by their words; learns nothing.
    struct Words;

    impl ProbabilityModel for Words {
        fn describe(&self) -> String {
            "words".into()
        }

        fn probabilities(&self, learn: &[Known<'_>], ask: &[&Document], classes: usize, _: Seed) -> Scores {
            assert!(ask.iter().all(|asked| learn.iter().all(|(known, _)| known.id != asked.id)));
            let sure =
                |doc: &&Document| if doc.text.contains("小麦") { vec![0.9, 0.1] } else { vec![0.2, 0.8] };
            assert_eq!(classes, 2);
            Ok(ask.iter().map(sure).collect())
        }
    }

    fn row(number: usize, label: &str, text: &str) -> Row {
        let doc = Document::new(format!("s{number}"), format!("{text} {number}"));
        let doc = Document { label: Some(label.into()), ..doc };
        Row { cluster: doc.id, doc, split: Split::Train }
    }

    #[test]
    fn doubts_conflicts_and_imbalance_are_reported() {
        let mut rows: Vec<Row> = (0..30)
            .map(|n| {
                if n % 3 == 0 {
                    row(n, "体育", "球队赢了比赛")
                } else {
                    row(n, "grain", "小麦期货")
                }
            })
            .collect();
        rows[4].doc.label = Some("体育".into());
        let mut twin = row(99, "体育", "x");
        twin.doc.text = rows[1].doc.text.clone();
        twin.doc.label = Some("体育".into());
        rows.push(twin);
        let other = SetAside {
            id: Some(RecordId::of(&[b"copy"])),
            source: "copy".into(),
            cluster: Some(rows[2].doc.id),
            label: Some("体育".into()),
            ..SetAside::default()
        };
        let report = examine(&rows, &[other], Some((&Words, 5)), Seed(1)).unwrap();
        assert_eq!((report.rows, report.labels["grain"], report.labels["体育"]), (31, 19, 12));
        let doubts = report.doubts.unwrap();
        let wrong: Vec<RecordId> = doubts.suspects.iter().map(|doubt| doubt.id).collect();
        assert!(wrong.len() == 2 && wrong.contains(&rows[4].doc.id) && wrong.contains(&rows[30].doc.id));
        assert_eq!(doubts.confused, [("体育".to_owned(), "grain".to_owned(), 2)]);
        assert!((doubts.agreement - 29.0 / 31.0).abs() < 1e-12);
        let mut found: Vec<usize> = report.conflicts.iter().map(|conflict| conflict.members.len()).collect();
        found.sort_unstable();
        assert_eq!(found, [2, 2]);
    }

    #[test]
    fn evenness_is_one_for_equal_classes() {
        let even = imbalance(&[5, 5, 5]);
        assert!((even.evenness - 1.0).abs() < 1e-12 && (even.effective - 3.0).abs() < 1e-12);
        let skewed = imbalance(&[90, 10]);
        // -(0.9 ln 0.9 + 0.1 ln 0.1) / ln 2
        assert!(
            (skewed.ratio - 9.0).abs() < 1e-12 && (skewed.evenness - 0.468_995_593_589_281).abs() < 1e-12
        );
        assert_eq!(imbalance(&[]), Imbalance::default());
    }
}
