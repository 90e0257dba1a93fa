//! The door: predictions and targets are held against the task before anything is counted.

use biotope_core::{Prediction, Target, Task};

use crate::{Error, Result};

/// How far a probability may lie outside of 0..=1, and how far a sum of `f32` softmax may be from one.
const SLACK: f64 = 1e-6;
const SUM_SLACK: f64 = 1e-3;

/// Threshold at which a label of a multi-label task counts as predicted.
pub(crate) const THRESHOLD: f64 = 0.5;

/// Kind of a task as its serde tag names it.
pub(crate) fn kind(task: &Task) -> &'static str {
    match task {
        Task::SingleLabel { .. } => "single-label",
        Task::MultiLabel { .. } => "multi-label",
        Task::Regression => "regression",
    }
}

/// Checks all rows.
pub(crate) fn check(task: &Task, predictions: &[Prediction], targets: &[Target]) -> Result<()> {
    if predictions.len() != targets.len() {
        return Err(lengths("predictions", predictions.len(), "targets", targets.len()));
    }
    if predictions.is_empty() {
        return Err(Error::Empty);
    }
    let mut rows = predictions.iter().zip(targets).enumerate();
    rows.try_for_each(|(row, (p, t))| check_row(task, p, t).map_err(|error| error.at(row)))
}

/// Checks one row; errors carry row 0.
pub(crate) fn check_row(task: &Task, prediction: &Prediction, target: &Target) -> Result<()> {
    let (got, expected) = (prediction.scores.len(), task.outputs());
    if got != expected {
        return Err(Error::ScoreCount { row: 0, got, expected });
    }
    check_target(task, target)?;
    check_scores(task, &prediction.scores)
}

fn check_target(task: &Task, target: &Target) -> Result<()> {
    match (task, target) {
        (Task::SingleLabel { labels }, Target::Class(class)) if *class >= labels.len() => {
            Err(Error::ClassRange { row: 0, got: *class, classes: labels.len() })
        }
        (Task::MultiLabel { labels }, Target::Labels(flags)) if flags.len() != labels.len() => {
            Err(lengths("label flags", flags.len(), "labels", labels.len()))
        }
        (Task::Regression, Target::Value(value)) if !value.is_finite() => {
            Err(Error::NotFinite { row: 0, class: 0, got: *value })
        }
        (Task::SingleLabel { .. }, Target::Class(_))
        | (Task::MultiLabel { .. }, Target::Labels(_))
        | (Task::Regression, Target::Value(_)) => Ok(()),
        (Task::SingleLabel { .. }, got) => Err(wrong_kind(got, "class")),
        (Task::MultiLabel { .. }, got) => Err(wrong_kind(got, "labels")),
        (Task::Regression, got) => Err(wrong_kind(got, "value")),
    }
}

fn check_scores(task: &Task, scores: &[f64]) -> Result<()> {
    for (class, &got) in scores.iter().enumerate() {
        if !got.is_finite() {
            return Err(Error::NotFinite { row: 0, class, got });
        }
        if *task != Task::Regression && !(-SLACK..=1.0 + SLACK).contains(&got) {
            return Err(Error::NotAProbability { row: 0, class, got });
        }
    }
    let sum: f64 = scores.iter().sum();
    if matches!(task, Task::SingleLabel { .. }) && (sum - 1.0).abs() > SUM_SLACK {
        return Err(Error::Sum { row: 0, got: sum });
    }
    Ok(())
}

fn wrong_kind(got: &Target, expected: &'static str) -> Error {
    let got = match got {
        Target::Class(_) => "class",
        Target::Labels(_) => "labels",
        Target::Value(_) => "value",
    };
    Error::TargetKind { row: 0, got, expected }
}

pub(crate) fn lengths(
    left: &'static str,
    left_count: usize,
    right: &'static str,
    right_count: usize,
) -> Error {
    Error::Lengths { left, left_count, right, right_count }
}

/// Which labels a row of probabilities predicts: those at one half or more.
pub(crate) fn flags(scores: &[f64]) -> impl Iterator<Item = bool> + '_ {
    scores.iter().map(|score| *score >= THRESHOLD)
}

/// Whether each row is right: the best class (single-label) or every flag (multi-label).
///
/// What [`mcnemar`](crate::mcnemar) compares. A regression has no right or wrong: an error.
pub fn hits(task: &Task, predictions: &[Prediction], targets: &[Target]) -> Result<Vec<bool>> {
    check(task, predictions, targets)?;
    if *task == Task::Regression {
        return Err(Error::Unsuited { metric: "hits", task: kind(task) });
    }
    Ok(predictions.iter().zip(targets).map(|(p, t)| is_hit(p, t)).collect())
}

pub(crate) fn is_hit(prediction: &Prediction, target: &Target) -> bool {
    match target {
        Target::Class(class) => prediction.best() == Some(*class),
        Target::Labels(truth) => flags(&prediction.scores).eq(truth.iter().copied()),
        Target::Value(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use biotope_core::RecordId;

    fn say(task: &Task, scores: &[f64], target: Target) -> String {
        let prediction = Prediction { id: RecordId::default(), scores: scores.to_vec() };
        match check(task, &[prediction.clone(), prediction], &[target.clone(), target]) {
            Ok(()) => "ok".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn bad_rows_are_named() {
        let single = Task::single_label(["经济", "sport"]);
        let multi = Task::MultiLabel { labels: vec!["a".into(), "b".into()] };
        assert_eq!(say(&single, &[0.3, 0.7], Target::Class(1)), "ok");
        assert_eq!(say(&single, &[1.0], Target::Class(0)), "row 0: 1 scores, expected 2");
        assert_eq!(
            say(&single, &[0.3, 0.7], Target::Class(2)),
            "row 0: class 2 is out of range, the task has 2 labels"
        );
        assert_eq!(
            say(&single, &[f64::NAN, 0.7], Target::Class(1)),
            "row 0: score 0 is NaN, expected a finite number"
        );
        assert_eq!(
            say(&single, &[-2.0, 3.0], Target::Class(1)),
            "row 0: score 0 is -2, expected a probability in 0..=1"
        );
        assert_eq!(say(&single, &[0.75, 0.75], Target::Class(1)), "row 0: scores sum to 1.5, expected 1");
        assert_eq!(say(&single, &[0.5, 0.5], Target::Value(1.0)), "row 0: a value target, expected class");
        assert_eq!(say(&multi, &[0.5, 0.9], Target::Labels(vec![true])), "1 label flags but 2 labels");
        assert_eq!(say(&multi, &[0.5, 0.9], Target::Class(1)), "row 0: a class target, expected labels");
        assert_eq!(say(&Task::Regression, &[7.0], Target::Value(-3.0)), "ok");
        assert_eq!(
            say(&Task::Regression, &[7.0], Target::Value(f64::INFINITY)),
            "row 0: score 0 is inf, expected a finite number"
        );
    }

    #[test]
    fn the_row_and_the_lists_are_checked() {
        let task = Task::single_label(["a", "b"]);
        let prediction = Prediction { id: RecordId::default(), scores: vec![0.5, 0.5] };
        let error =
            check(&task, &[prediction.clone(), prediction.clone()], &[Target::Class(0), Target::Class(5)]);
        assert_eq!(error.unwrap_err().to_string(), "row 1: class 5 is out of range, the task has 2 labels");
        assert_eq!(check(&task, &[prediction], &[]).unwrap_err().to_string(), "1 predictions but 0 targets");
        assert_eq!(check(&task, &[], &[]).unwrap_err().to_string(), "nothing to evaluate: there are no rows");
    }

    #[test]
    fn hits_of_each_task() {
        let p = |scores: &[f64]| Prediction { id: RecordId::default(), scores: scores.to_vec() };
        let single = Task::single_label(["a", "b"]);
        let got = hits(&single, &[p(&[0.5, 0.5]), p(&[0.5, 0.5])], &[Target::Class(0), Target::Class(1)]);
        assert_eq!(got.unwrap(), [true, false]);
        let multi = Task::MultiLabel { labels: vec!["a".into(), "b".into()] };
        let got = hits(&multi, &[p(&[0.5, 0.4])], &[Target::Labels(vec![true, false])]);
        assert_eq!(got.unwrap(), [true]);
        let error = hits(&Task::Regression, &[p(&[1.0])], &[Target::Value(1.0)]).unwrap_err();
        assert_eq!(error.to_string(), "metric \"hits\" is not defined for a regression task");
    }
}
