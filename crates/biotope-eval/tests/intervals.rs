//! Intervals and comparisons: seeded, independent of threads, and honest.
#![expect(clippy::unwrap_used, reason = "a test stops where something is missing")]

use biotope_core::seed::unit;
use biotope_core::{Prediction, RecordId, Seed, Target, Task};
use biotope_eval::{
    Comparison, EvalConfig, Evaluation, compare, evaluate, mcnemar, paired_bootstrap, wilson,
};
use proptest::prelude::*;

fn rows(count: usize, skill: f64, seed: Seed) -> (Task, Vec<Prediction>, Vec<Target>) {
    let mut rng = seed.stream("rows");
    let task = Task::single_label(["crude", "grain", "经济"]);
    let mut one = |_| {
        let class = (unit(&mut rng) * 3.0) as usize;
        let mut scores: Vec<f64> = (0..3).map(|_| unit(&mut rng)).collect();
        scores[class] += skill;
        let total: f64 = scores.iter().sum();
        for score in &mut scores {
            *score /= total;
        }
        (Prediction { id: RecordId::default(), scores }, Target::Class(class))
    };
    let (predictions, targets) = (0..count).map(&mut one).unzip();
    (task, predictions, targets)
}

fn run(config: &EvalConfig) -> Evaluation {
    let (task, predictions, targets) = rows(300, 0.5, Seed(3));
    evaluate(&task, &predictions, &targets, config).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_json_at_any_number_of_threads() {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let config = EvalConfig { resamples: 100, ..EvalConfig::default() };
    let json = |threads| pool(threads).install(|| serde_json::to_string(&run(&config)).unwrap());
    assert_eq!(json(1), json(5));
    let other = run(&EvalConfig { seed: Seed(8), ..config.clone() });
    assert_ne!(
        other.metric("accuracy").unwrap().interval(),
        run(&config).metric("accuracy").unwrap().interval()
    );
    assert_eq!(other.value("accuracy"), run(&config).value("accuracy"));
}

#[test]
fn an_evaluation_survives_json() {
    let evaluation = run(&EvalConfig { resamples: 10, ..EvalConfig::default() });
    let json = serde_json::to_string(&evaluation).unwrap();
    let back: Evaluation = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&back.task, back.rows, &back.confusion),
        (&evaluation.task, evaluation.rows, &evaluation.confusion)
    );
    // JSON numbers are read to the last bit but one.
    for (name, estimate) in &evaluation.metrics {
        let (low, high) = back.metric(name).unwrap().interval().unwrap();
        let gaps = [
            back.value(name).unwrap() - estimate.value,
            low - estimate.low.unwrap(),
            high - estimate.high.unwrap(),
        ];
        assert!(gaps.iter().all(|gap| gap.abs() < 1e-15), "{name} {gaps:?}");
    }
    assert_eq!((back.metrics.len(), back.per_class.len()), (evaluation.metrics.len(), 3));
    assert!(json.contains("\"macro-f1\":{\"value\":"), "{json}");
}

#[test]
fn every_interval_holds_its_value_and_more_confidence_is_wider() {
    let narrow = run(&EvalConfig { confidence: 0.5, resamples: 400, ..EvalConfig::default() });
    let wide = run(&EvalConfig { confidence: 0.99, resamples: 400, ..EvalConfig::default() });
    for (name, estimate) in &wide.metrics {
        let (low, high) = estimate.interval().unwrap();
        // Resampling inflates the calibration error (it is a sum of absolute values): a known bias.
        let is_biased = name == "calibration-error";
        assert!(is_biased || (low <= estimate.value && estimate.value <= high), "{name} {estimate:?}");
        let (inner_low, inner_high) = narrow.metric(name).unwrap().interval().unwrap();
        assert!(low <= inner_low && inner_high <= high, "{name}");
    }
    let (boot, wilson) = (wide.accuracy().unwrap().interval().unwrap(), wide.accuracy_wilson.unwrap());
    assert!((boot.0 - wilson.0).abs() < 0.02 && (boot.1 - wilson.1).abs() < 0.02, "{boot:?} {wilson:?}");
}

#[test]
fn no_resamples_no_intervals() {
    let evaluation = run(&EvalConfig { resamples: 0, ..EvalConfig::default() });
    assert!(evaluation.metrics.values().all(|estimate| estimate.interval().is_none()));
    let error =
        evaluate(&Task::Regression, &[], &[], &EvalConfig { confidence: 95.0, ..EvalConfig::default() });
    assert_eq!(error.unwrap_err().to_string(), "invalid confidence: must lie between 0 and 1, got 95");
}

#[test]
fn the_nominal_coverage_is_about_the_true_one() {
    // 200 test sets of a classifier whose true accuracy is 0.8.
    let covers = |index: u64| {
        let mut rng = Seed(index).stream("coverage");
        let hits: u64 = (0..120).map(|_| u64::from(unit(&mut rng) < 0.8)).sum();
        let (low, high) = wilson(hits, 120, 0.9).unwrap();
        low <= 0.8 && 0.8 <= high
    };
    let covered = (0..1000).filter(|index| covers(*index)).count();
    assert!((870..=930).contains(&covered), "{covered} of 1000");
}

fn pair(a: &[bool], b: &[bool]) -> Comparison {
    compare(("a", a), ("b", b), &EvalConfig { resamples: 200, ..EvalConfig::default() }).unwrap()
}

#[test]
fn a_better_model_is_called_better_and_an_equal_one_is_not() {
    let b: Vec<bool> = (0..200).map(|i| i % 10 != 0).collect();
    let a: Vec<bool> = (0..200).map(|i| i % 4 != 0).collect();
    let found = pair(&a, &b);
    assert!(found.is_b_better(0.01) && !pair(&b, &a).is_b_better(0.99) && !pair(&a, &a).is_b_better(0.99));
    let (low, high) = found.difference.difference.interval().unwrap();
    assert!((found.difference.difference.value - 0.15).abs() < 1e-12 && low > 0.05 && high < 0.25);
    assert!(found.difference.superiority > 0.99);
    assert_eq!(pair(&a, &a).difference.superiority, 0.5);
}

#[test]
fn lists_that_do_not_fit_are_refused() {
    let error = mcnemar(&[true], &[true, false]).unwrap_err();
    assert_eq!(error.to_string(), "1 rows of the first but 2 rows of the second");
    assert_eq!(mcnemar(&[], &[]).unwrap_err().to_string(), "nothing to evaluate: there are no rows");
    assert!(paired_bootstrap(&[], &[], 10, 0.9, Seed(1)).is_err());
}

proptest! {
    #[test]
    fn comparing_is_symmetric(rows in prop::collection::vec(any::<(bool, bool)>(), 1..120)) {
        let (a, b): (Vec<bool>, Vec<bool>) = rows.into_iter().unzip();
        let (one, two) = (mcnemar(&a, &b).unwrap(), mcnemar(&b, &a).unwrap());
        prop_assert_eq!((one.p_value, one.statistic), (two.p_value, two.statistic));
        prop_assert_eq!((one.n01, one.n10), (two.n10, two.n01));
        prop_assert!(one.p_value > 0.0 && one.p_value <= 1.0);
    }
}
