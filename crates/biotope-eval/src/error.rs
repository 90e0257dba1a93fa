//! What can be wrong with numbers that are to be evaluated.

use biotope_core::{Invalid, Unknown};

/// `Result` of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something cannot be measured. Rows count from zero.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No row to measure.
    #[error("nothing to evaluate: there are no rows")]
    Empty,
    /// Two lists that should walk together do not.
    #[error("{left_count} {left} but {right_count} {right}")]
    Lengths {
        /// What the first list holds.
        left: &'static str,
        /// Its length.
        left_count: usize,
        /// What the second list holds.
        right: &'static str,
        /// Its length.
        right_count: usize,
    },
    /// A score is NaN or infinite.
    #[error("row {row}: score {class} is {got}, expected a finite number")]
    NotFinite {
        /// Row.
        row: usize,
        /// Position of the score.
        class: usize,
        /// What it is.
        got: f64,
    },
    /// A class score is no probability.
    #[error("row {row}: score {class} is {got}, expected a probability in 0..=1")]
    NotAProbability {
        /// Row.
        row: usize,
        /// Position of the score.
        class: usize,
        /// What it is.
        got: f64,
    },
    /// The scores of a single-label row do not sum to one.
    #[error("row {row}: scores sum to {got}, expected 1")]
    Sum {
        /// Row.
        row: usize,
        /// Their sum.
        got: f64,
    },
    /// A row has the wrong number of scores.
    #[error("row {row}: {got} scores, expected {expected}")]
    ScoreCount {
        /// Row.
        row: usize,
        /// How many it has.
        got: usize,
        /// How many the task asks for.
        expected: usize,
    },
    /// A class index beyond the label list.
    #[error("row {row}: class {got} is out of range, the task has {classes} labels")]
    ClassRange {
        /// Row.
        row: usize,
        /// The index.
        got: usize,
        /// How many labels there are.
        classes: usize,
    },
    /// A target of another kind than the task asks for.
    #[error("row {row}: a {got} target, expected {expected}")]
    TargetKind {
        /// Row.
        row: usize,
        /// What was given.
        got: &'static str,
        /// What the task asks for.
        expected: &'static str,
    },
    /// The metric has no meaning for the task.
    #[error("metric {metric:?} is not defined for a {task} task")]
    Unsuited {
        /// Registry name of the metric.
        metric: &'static str,
        /// Kind of the task.
        task: &'static str,
    },
    /// Two metrics of different kind or shape cannot be merged.
    #[error("cannot merge {other:?} into {into:?}: they do not count the same thing")]
    Merge {
        /// The metric that receives.
        into: &'static str,
        /// The metric that gives.
        other: &'static str,
    },
    /// No metric of that name.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// A configuration that cannot be used.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

impl Error {
    /// What the reader can do about it.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::NotAProbability { .. } | Self::Sum { .. } => {
                Some("these look like logits: apply softmax or sigmoid first")
            }
            Self::NotFinite { .. } => Some("the model diverged: lower the learning rate or clip gradients"),
            Self::ClassRange { .. } => Some("were labels and model saved with the same label list?"),
            Self::Unknown(error) => error.hint(),
            Self::Invalid(error) => error.hint(),
            _ => None,
        }
    }

    /// The same, told of row `row` (streaming metrics see one row at a time).
    #[must_use]
    pub(crate) fn at(mut self, at: usize) -> Self {
        match &mut self {
            Self::NotFinite { row, .. }
            | Self::NotAProbability { row, .. }
            | Self::Sum { row, .. }
            | Self::ScoreCount { row, .. }
            | Self::ClassRange { row, .. }
            | Self::TargetKind { row, .. } => *row = at,
            _ => {}
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_each_error_looks() {
        let looks = |error: Error| format!("{error} / {}", error.hint().unwrap_or("-"));
        assert_eq!(looks(Error::Empty), "nothing to evaluate: there are no rows / -");
        let lengths = Error::Lengths { left: "predictions", left_count: 3, right: "targets", right_count: 2 };
        assert_eq!(looks(lengths), "3 predictions but 2 targets / -");
        assert_eq!(
            looks(Error::NotFinite { row: 4, class: 1, got: f64::NAN }),
            "row 4: score 1 is NaN, expected a finite number / the model diverged: lower the learning rate or clip gradients"
        );
        assert_eq!(
            looks(Error::Sum { row: 0, got: 1.5 }),
            "row 0: scores sum to 1.5, expected 1 / these look like logits: apply softmax or sigmoid first"
        );
        assert_eq!(
            looks(Error::ClassRange { row: 2, got: 9, classes: 8 }),
            "row 2: class 9 is out of range, the task has 8 labels / were labels and model saved with the same label list?"
        );
        assert_eq!(
            looks(Error::ScoreCount { row: 1, got: 7, expected: 8 }),
            "row 1: 7 scores, expected 8 / -"
        );
        assert_eq!(
            looks(Error::TargetKind { row: 1, got: "value", expected: "class" }),
            "row 1: a value target, expected class / -"
        );
        assert_eq!(
            looks(Error::Unsuited { metric: "mse", task: "single-label" }),
            "metric \"mse\" is not defined for a single-label task / -"
        );
        assert_eq!(
            looks(Error::Merge { into: "accuracy", other: "mse" }),
            "cannot merge \"mse\" into \"accuracy\": they do not count the same thing / -"
        );
    }
}
