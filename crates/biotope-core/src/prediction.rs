//! Host-side answers and what they are held against.

use serde::{Deserialize, Serialize};

use crate::RecordId;

/// What a model says about one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The document's id.
    pub id: RecordId,
    /// Classification: one probability per label in the order of `Task::labels`, summing to one
    /// (single-label) or each in 0..=1 (multi-label). Regression: one value.
    pub scores: Vec<f64>,
}

impl Prediction {
    /// Index of the largest score; the first of equals. `None` if there is no score.
    pub fn best(&self) -> Option<usize> {
        let mut best = None;
        for (index, score) in self.scores.iter().enumerate() {
            if best.is_none_or(|b: usize| *score > self.scores[b]) {
                best = Some(index);
            }
        }
        best
    }
}

/// The truth about one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Index into `Task::labels`.
    Class(usize),
    /// One flag per label.
    Labels(Vec<bool>),
    /// A number.
    Value(f64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_scores_wins() {
        let prediction = |scores: &[f64]| Prediction { id: RecordId::default(), scores: scores.to_vec() };
        assert_eq!(prediction(&[0.2, 0.4, 0.4]).best(), Some(1));
        assert_eq!(prediction(&[]).best(), None);
    }
}
