//! Agreement with scikit-learn, scipy and numpy to 1e-12, on fixtures made by the scripts beside them.
#![expect(clippy::unwrap_used, reason = "a test stops where something is missing")]

use std::collections::BTreeMap;
use std::path::Path;

use biotope_core::{Prediction, RecordId, Seed, Target, Task};
use biotope_eval::special::{erfc, normal_quantile};
use biotope_eval::{
    EvalConfig, Evaluation, Method, auc, build_metric, evaluate, mcnemar, quantile, roc_curve, wilson,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

const TOLERANCE: f64 = 1e-12;

fn fixture<T: DeserializeOwned>(case: &str) -> T {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/reference/biotope-eval");
    let text = std::fs::read_to_string(folder.join(case).join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[track_caller]
fn close(what: &str, got: f64, want: f64) {
    let gap = (got - want).abs();
    assert!(gap <= TOLERANCE * want.abs().max(1.0), "{what}: got {got}, want {want}, off by {gap:e}");
}

#[derive(Deserialize)]
struct Cases<T> {
    cases: Vec<Case<T>>,
}

#[derive(Deserialize)]
struct Case<T> {
    name: String,
    scores: Vec<Vec<f64>>,
    targets: Vec<T>,
    metrics: BTreeMap<String, f64>,
    #[serde(flatten)]
    single: Option<Single>,
}

#[derive(Deserialize)]
struct Single {
    confusion: Vec<Vec<u64>>,
    precision: Vec<f64>,
    recall: Vec<f64>,
    f1: Vec<f64>,
    support: Vec<u64>,
}

/// Evaluates a case, and holds every metric against the fixture: in one go, and streamed row by row.
fn check<T>(case: &Case<T>, task: &Task, target: impl Fn(&T) -> Target) -> Evaluation {
    let id = RecordId::default();
    let predictions: Vec<Prediction> =
        case.scores.iter().map(|scores| Prediction { id, scores: scores.clone() }).collect();
    let targets: Vec<Target> = case.targets.iter().map(target).collect();
    let config = EvalConfig { seed: Seed(1), resamples: 20, ..EvalConfig::default() };
    let evaluation = evaluate(task, &predictions, &targets, &config).unwrap();
    let names: Vec<&String> = evaluation.metrics.keys().collect();
    assert_eq!(names, case.metrics.keys().collect::<Vec<_>>(), "{}", case.name);
    for (name, want) in &case.metrics {
        close(&format!("{}: {name}", case.name), evaluation.value(name).unwrap(), *want);
        let mut streamed = build_metric(name, task).unwrap();
        predictions.iter().zip(&targets).for_each(|(p, t)| streamed.add(p, t).unwrap());
        close(&format!("{}: {name}, streamed", case.name), streamed.value().unwrap(), *want);
    }
    evaluation
}

#[test]
fn single_label_is_scikit_learns() {
    let cases: Cases<usize> = fixture("single_label");
    assert_eq!(cases.cases.len(), 10);
    for case in &cases.cases {
        let labels = (0..case.scores[0].len()).map(|class| format!("类 {class}")).collect();
        let evaluation = check(case, &Task::SingleLabel { labels }, |class| Target::Class(*class));
        let single = case.single.as_ref().unwrap();
        assert_eq!(evaluation.confusion.as_ref().unwrap().rows(), single.confusion, "{}", case.name);
        for (class, report) in evaluation.per_class.iter().enumerate() {
            let what = format!("{}: class {class}", case.name);
            assert_eq!(report.support, single.support[class], "{what}");
            close(&what, report.scores.precision, single.precision[class]);
            close(&what, report.scores.recall, single.recall[class]);
            close(&what, report.scores.f1, single.f1[class]);
        }
    }
}

#[test]
fn multi_label_is_scikit_learns() {
    let cases: Cases<Vec<bool>> = fixture("multi_label");
    assert_eq!(cases.cases.len(), 3);
    for case in &cases.cases {
        let labels = (0..case.scores[0].len()).map(|class| class.to_string()).collect();
        check(case, &Task::MultiLabel { labels }, |flags| Target::Labels(flags.clone()));
    }
}

#[test]
fn regression_is_scikit_learns() {
    let cases: Cases<f64> = fixture("regression");
    assert_eq!(cases.cases.len(), 4);
    for case in &cases.cases {
        check(case, &Task::Regression, |value| Target::Value(*value));
    }
}

#[derive(Deserialize)]
struct Curves {
    roc: Vec<Roc>,
    values: Vec<f64>,
    quantiles: Vec<(f64, f64)>,
}

#[derive(Deserialize)]
struct Roc {
    name: String,
    scores: Vec<f64>,
    positive: Vec<bool>,
    fpr: Vec<f64>,
    tpr: Vec<f64>,
    thresholds: Vec<Option<f64>>,
    auc: f64,
}

#[test]
fn roc_curves_are_scikit_learns_point_by_point() {
    for roc in fixture::<Curves>("curves").roc {
        let curve = roc_curve(&roc.scores, &roc.positive).unwrap();
        assert_eq!(curve.thresholds, roc.thresholds, "{}", roc.name);
        for (got, want) in curve.fpr.iter().zip(&roc.fpr).chain(curve.tpr.iter().zip(&roc.tpr)) {
            close(&roc.name, *got, *want);
        }
        assert_eq!((curve.fpr.len(), curve.tpr.len()), (roc.fpr.len(), roc.tpr.len()), "{}", roc.name);
        close(&roc.name, auc(&roc.scores, &roc.positive).unwrap(), roc.auc);
    }
}

#[test]
fn quantiles_are_numpys() {
    let curves: Curves = fixture("curves");
    for (q, want) in curves.quantiles {
        close(&format!("quantile {q}"), quantile(&curves.values, q).unwrap(), want);
    }
}

#[derive(Deserialize)]
struct Comparisons {
    mcnemar: Vec<(u64, u64, Method, f64, f64)>,
    wilson: Vec<(u64, u64, f64, f64, f64)>,
    erfc: Vec<(f64, f64)>,
    normal_quantile: Vec<(f64, f64)>,
}

#[test]
fn mcnemar_is_scipys() {
    for (n01, n10, method, statistic, p_value) in fixture::<Comparisons>("comparison").mcnemar {
        // Rows where both are right or both are wrong do not matter.
        let pairs = [(false, true, n01), (true, false, n10), (true, true, 7), (false, false, 3)];
        let rows = pairs.iter().flat_map(|(a, b, times)| (0..*times).map(move |_| (*a, *b)));
        let (a, b): (Vec<bool>, Vec<bool>) = rows.unzip();
        let test = mcnemar(&a, &b).unwrap();
        assert_eq!((test.n01, test.n10, test.method), (n01, n10, method));
        let what = format!("mcnemar {n01} {n10}");
        close(&what, test.statistic, statistic);
        close(&what, test.p_value, p_value);
        assert!((test.p_value / p_value - 1.0).abs() < 1e-10, "{what}: relative, in the tail");
    }
}

#[test]
fn wilson_is_scipys() {
    for (successes, trials, confidence, low, high) in fixture::<Comparisons>("comparison").wilson {
        let got = wilson(successes, trials, confidence).unwrap();
        close("low", got.0, low);
        close("high", got.1, high);
    }
}

#[test]
fn special_functions_are_scipys_relative_to_their_size() {
    let expected: Comparisons = fixture("comparison");
    let relative = |what: &str, x: f64, got: f64, want: f64| {
        assert!((got - want).abs() <= 1e-13 * want.abs(), "{what}({x}): {got} {want}");
    };
    expected.erfc.iter().for_each(|(x, want)| relative("erfc", *x, erfc(*x), *want));
    for (p, want) in expected.normal_quantile {
        close(&format!("normal quantile {p}"), normal_quantile(p), want);
    }
}
