//! Confident learning: which labels are likely wrong, from probabilities that were predicted out of fold.
//!
//! Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in dataset labels" (JAIR 70). The
//! threshold of a class is the mean probability that its own examples get for it; an example counts for the most
//! probable class among those whose threshold it reaches; counts off the diagonal of that table are likely errors.
//! Held against cleanlab 2 in `tests/fixtures/reference/biotope-data/confident`.

use serde::{Deserialize, Serialize};

/// How much below its threshold a probability still reaches it: cleanlab's allowance for rounding.
const SLACK: f64 = 1e-6;

/// Least threshold of a class with examples: cleanlab's, so that a class that nobody believes in can still be reached.
const LEAST: f64 = 2.0 * SLACK;

/// What the probabilities say about the labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confident {
    /// Threshold of each class; 0 for one without an example.
    pub thresholds: Vec<f64>,
    /// Examples by given label (row) and confident class (column). The diagonal is at least 1.
    pub joint: Vec<Vec<u64>>,
    /// Rows whose label is likely wrong, the surest first.
    pub suspects: Vec<Suspect>,
}

/// A row whose label is likely wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    /// Number of the row.
    pub row: usize,
    /// Its label.
    pub given: usize,
    /// The most probable class.
    pub suggested: usize,
    /// Probability of the given label (self-confidence).
    pub confidence: f64,
    /// That minus the probability of the suggested class: the normalised margin. The lower, the surer.
    pub margin: f64,
}

/// Estimates the confident joint and ranks the suspects by normalised margin.
///
/// `probabilities` holds a row of `classes` numbers for each label. Panics if the sizes differ.
pub fn confident(labels: &[usize], probabilities: &[Vec<f64>], classes: usize) -> Confident {
    assert_eq!(labels.len(), probabilities.len(), "every label needs its probabilities");
    let thresholds = thresholds(labels, probabilities, classes);
    let mut joint = vec![vec![0; classes]; classes];
    let mut suspects = Vec::new();
    for (row, (given, scores)) in labels.iter().zip(probabilities).enumerate() {
        let Some(class) = sure(scores, &thresholds) else { continue };
        joint[*given][class] += 1;
        let best = argmax(scores);
        // One whose own label is the most probable after all is no suspect.
        if class != *given && best != *given {
            let (confidence, margin) = (scores[*given], scores[*given] - scores[best]);
            suspects.push(Suspect { row, given: *given, suggested: best, confidence, margin });
        }
    }
    (0..classes).for_each(|class| joint[class][class] = joint[class][class].max(1));
    suspects.sort_by(|a, b| a.margin.total_cmp(&b.margin).then(a.row.cmp(&b.row)));
    Confident { thresholds, joint, suspects }
}

impl Confident {
    /// The joint distribution of given and true labels: every row of the table is scaled to how often its label was
    /// given, the whole to one.
    pub fn distribution(&self, labels: &[usize]) -> Vec<Vec<f64>> {
        let rows = labels.len().max(1) as f64;
        let scaled = |(class, counts): (usize, &Vec<u64>)| {
            let given = labels.iter().filter(|label| **label == class).count() as f64;
            let sum = counts.iter().sum::<u64>().max(1) as f64;
            counts.iter().map(|count| *count as f64 / sum * given / rows).collect()
        };
        self.joint.iter().enumerate().map(scaled).collect()
    }

    /// The estimated share of wrong labels.
    pub fn noise(&self, labels: &[usize]) -> f64 {
        let distribution = self.distribution(labels);
        let right: f64 = (0..distribution.len()).map(|class| distribution[class][class]).sum();
        if labels.is_empty() { 0.0 } else { (1.0 - right).max(0.0) }
    }
}

fn thresholds(labels: &[usize], probabilities: &[Vec<f64>], classes: usize) -> Vec<f64> {
    let (mut sums, mut counts) = (vec![0.0; classes], vec![0u64; classes]);
    for (given, scores) in labels.iter().zip(probabilities) {
        sums[*given] += scores[*given];
        counts[*given] += 1;
    }
    sums.iter()
        .zip(counts)
        .map(|(sum, count)| if count == 0 { 0.0 } else { (sum / count as f64).max(LEAST) })
        .collect()
}

/// The class that a row confidently belongs to: of several, the most probable of all.
fn sure(scores: &[f64], thresholds: &[f64]) -> Option<usize> {
    let reached = |class: &usize| thresholds[*class] > 0.0 && scores[*class] >= thresholds[*class] - SLACK;
    let mut classes = (0..scores.len()).filter(reached);
    let first = classes.next()?;
    Some(if classes.next().is_some() { argmax(scores) } else { first })
}

/// The first of the largest.
pub(crate) fn argmax(scores: &[f64]) -> usize {
    let better = |best: usize, class: usize| if scores[class] > scores[best] { class } else { best };
    (0..scores.len()).fold(0, better)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        labels: Vec<usize>,
        probabilities: Vec<Vec<f64>>,
        thresholds: Vec<f64>,
        joint: Vec<Vec<u64>>,
        distribution: Vec<Vec<f64>>,
        suspects: Vec<usize>,
    }

    fn near(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9)
    }

    #[test]
    fn cleanlab_says_the_same() {
        let text = include_str!("../../../../tests/fixtures/reference/biotope-data/confident/expected.json");
        let cases: Vec<Case> = serde_json::from_str(text).unwrap();
        assert!(cases.len() >= 4 && cases.iter().any(|case| case.suspects.len() > 10));
        for (number, case) in cases.iter().enumerate() {
            let found = confident(&case.labels, &case.probabilities, case.joint.len());
            assert!(near(&found.thresholds, &case.thresholds), "{number}");
            assert_eq!(found.joint, case.joint, "{number}");
            let rows: Vec<usize> = found.suspects.iter().map(|suspect| suspect.row).collect();
            assert_eq!(rows, case.suspects, "{number}");
            // cleanlab rounds the scaled table to whole examples.
            let example = 1.0 / case.labels.len() as f64;
            for (mine, theirs) in found.distribution(&case.labels).iter().zip(&case.distribution) {
                let near = mine.iter().zip(theirs).all(|(a, b)| (a - b).abs() < example);
                assert!(near, "{number}: {mine:?} {theirs:?}");
            }
        }
    }

    #[test]
    fn a_label_against_all_evidence_is_the_first_suspect() {
        let scores = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.95, 0.05]];
        let scores: Vec<Vec<f64>> = scores.iter().map(|row| row.to_vec()).collect();
        let found = confident(&[0, 0, 1, 1, 1], &scores, 2);
        assert_eq!(found.suspects.iter().map(|s| (s.row, s.suggested)).collect::<Vec<_>>(), [(4, 0)]);
        assert!(confident(&[], &[], 2).suspects.is_empty());
    }
}
