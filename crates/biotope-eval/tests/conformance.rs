//! Laws that every metric of the registry keeps, whatever it measures.
#![expect(clippy::unwrap_used, reason = "a test stops where something is missing")]

use biotope_core::{Prediction, RecordId, Target, Task};
use biotope_eval::{Error, EvalConfig, Metric, evaluate, metrics};
use proptest::prelude::*;

fn tasks() -> [Task; 4] {
    let labels = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    [
        Task::SingleLabel { labels: labels(&["acq", "crude", "经济"]) },
        Task::SingleLabel { labels: labels(&["no", "yes"]) },
        Task::MultiLabel { labels: labels(&["a", "b", "体育"]) },
        Task::Regression,
    ]
}

type Rows = Vec<(Prediction, Target)>;

/// A row of coarse scores (so that ties happen) and a truth, for a task.
fn row(task: &Task, raw: [u8; 3], truth: u8) -> (Prediction, Target) {
    let raw: Vec<f64> = raw.iter().take(task.outputs()).map(|r| f64::from(r % 5)).collect();
    let (scores, target) = match task {
        Task::SingleLabel { labels } => {
            let total: f64 = raw.iter().sum::<f64>() + raw.len() as f64;
            let scores = raw.iter().map(|r| (r + 1.0) / total).collect();
            (scores, Target::Class(truth as usize % labels.len()))
        }
        Task::MultiLabel { labels } => {
            let flags = (0..labels.len()).map(|bit| truth >> bit & 1 == 1).collect();
            (raw.iter().map(|r| r / 4.0).collect(), Target::Labels(flags))
        }
        Task::Regression => (raw, Target::Value(f64::from(truth % 7) - 3.0)),
    };
    (Prediction { id: RecordId::default(), scores }, target)
}

fn feed(metric: &mut dyn Metric, rows: &[(Prediction, Target)]) {
    for (prediction, target) in rows {
        metric.add(prediction, target).unwrap();
    }
}

fn value(
    build: fn(&Task) -> biotope_eval::Result<Box<dyn Metric>>,
    task: &Task,
    rows: &[(Prediction, Target)],
) -> Option<f64> {
    let mut metric = build(task).unwrap();
    feed(metric.as_mut(), rows);
    metric.value()
}

fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * a.abs().max(1.0),
        (None, None) => true,
        _ => false,
    }
}

#[test]
fn the_list_is_alphabetic_and_each_entry_makes_what_it_says() {
    let registry = metrics();
    assert!(registry.entries().is_sorted_by(|a, b| a.name < b.name));
    for entry in registry.entries() {
        let mut suited = 0;
        for task in tasks() {
            match (entry.build)(&task) {
                Ok(metric) => {
                    suited += 1;
                    assert_eq!((metric.name(), metric.value()), (entry.name, None));
                }
                Err(Error::Unsuited { metric, .. }) => assert_eq!(metric, entry.name),
                Err(other) => panic!("{}: {other}", entry.name),
            }
        }
        assert!(suited > 0 && !entry.summary.is_empty(), "{} fits no task", entry.name);
    }
}

#[test]
fn a_bad_row_is_refused_and_not_counted() {
    for task in tasks() {
        let good = row(&task, [1, 2, 3], 1);
        let bad = Prediction { scores: vec![f64::NAN; task.outputs()], ..good.0.clone() };
        for entry in metrics().entries() {
            let Ok(mut metric) = (entry.build)(&task) else { continue };
            feed(metric.as_mut(), std::slice::from_ref(&good));
            let before = metric.value();
            let error = metric.add(&bad, &good.1).unwrap_err();
            assert_eq!(error.to_string(), "row 0: score 0 is NaN, expected a finite number");
            assert_eq!(metric.value(), before, "{}", entry.name);
        }
    }
}

#[test]
fn only_a_metric_of_the_same_kind_and_task_is_merged() {
    let [three, two, ..] = tasks();
    let build = |name: &str, task: &Task| biotope_eval::build_metric(name, task).unwrap();
    let mut accuracy = build("accuracy", &three);
    let say = |error: Error| error.to_string();
    let error = accuracy.merge(build("macro-f1", &three).as_ref()).unwrap_err();
    assert_eq!(say(error), "cannot merge \"macro-f1\" into \"accuracy\": they do not count the same thing");
    assert!(accuracy.merge(build("accuracy", &two).as_ref()).is_err(), "another task");
    let mut f1 = build("macro-f1", &three);
    assert!(f1.merge(build("micro-f1", &three).as_ref()).is_err(), "the same tally, another metric");
    assert!(f1.merge(build("macro-f1", &three).as_ref()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_metric_keeps_the_laws(
        raw in prop::collection::vec((any::<[u8; 3]>(), any::<u8>()), 1..40), cut in 0usize..40, turn in 0usize..40,
    ) {
        for task in tasks() {
            let rows: Rows = raw.iter().map(|(scores, truth)| row(&task, *scores, *truth)).collect();
            let mut turned = rows.clone();
            turned.rotate_left(turn % rows.len());
            let (left, right) = rows.split_at(cut.min(rows.len()));
            let (predictions, targets): (Vec<_>, Vec<_>) = rows.iter().cloned().unzip();
            let config = EvalConfig { resamples: 0, ..EvalConfig::default() };
            let evaluation = evaluate(&task, &predictions, &targets, &config).unwrap();
            for entry in metrics().entries() {
                let Ok(mut metric) = (entry.build)(&task) else { continue };
                let whole = value(entry.build, &task, &rows);
                // Merging the parts is feeding the whole.
                feed(metric.as_mut(), left);
                let mut other = (entry.build)(&task).unwrap();
                feed(other.as_mut(), right);
                metric.merge(other.as_ref()).unwrap();
                prop_assert!(close(metric.value(), whole), "{} merged: {:?} {whole:?}", entry.name, metric.value());
                // The order of the rows does not matter, and neither does the way in.
                prop_assert!(close(value(entry.build, &task, &turned), whole), "{} turned", entry.name);
                prop_assert!(close(evaluation.value(entry.name), whole), "{} evaluated", entry.name);
                // Bounds.
                let low = match entry.name { "matthews" => -1.0, "r2" => f64::NEG_INFINITY, _ => 0.0 };
                let high = match entry.name {
                    "brier" => 2.0,
                    "log-loss" | "mae" | "mse" | "rmse" => f64::INFINITY,
                    _ => 1.0,
                };
                let inside = whole.is_none_or(|v| v >= low - 1e-12 && v <= high + 1e-12);
                prop_assert!(inside, "{}: {whole:?}", entry.name);
            }
        }
    }

    #[test]
    fn swapping_truth_and_prediction_swaps_precision_and_recall(
        pairs in prop::collection::vec((0usize..4, 0usize..4), 1..60),
    ) {
        let matrix = |swap: bool| {
            let pairs = pairs.iter().map(|(t, p)| if swap { (*p, *t) } else { (*t, *p) });
            biotope_eval::ConfusionMatrix::of(4, pairs)
        };
        let (one, two) = (matrix(false), matrix(true));
        prop_assert_eq!(one.accuracy(), two.accuracy());
        prop_assert!(close(one.matthews(), two.matthews()));
        for (a, b) in one.per_class().iter().zip(two.per_class()) {
            prop_assert_eq!(a.prf().f1, b.prf().f1);
            prop_assert_eq!((a.prf().precision, a.prf().recall), (b.prf().recall, b.prf().precision));
        }
    }
}
