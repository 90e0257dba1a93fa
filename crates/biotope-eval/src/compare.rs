//! Is one model better than another, or only luckier on this test set?

use biotope_core::Seed;
use serde::{Deserialize, Serialize};

use crate::bootstrap::percentile;
use crate::rows::lengths;
use crate::special::{chi2_sf, fair_binomial_cdf};
use crate::{Error, Estimate, EvalConfig, Result, resample};

/// Below this many disagreements the exact test is used.
const EXACT_BELOW: u64 = 25;

/// How a p-value was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Two-sided binomial test of the disagreements.
    Exact,
    /// Chi-square with continuity correction (Edwards 1948).
    ChiSquare,
}

/// The test of `McNemar` (1947) of two classifiers on the same rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    /// Exact: the smaller of the two disagreement counts. Chi-square: the corrected statistic.
    pub statistic: f64,
    /// Chance of a difference at least as large if both were equally good.
    pub p_value: f64,
    /// Rows that the first has wrong and the second right.
    pub n01: u64,
    /// Rows that the first has right and the second wrong.
    pub n10: u64,
    /// Which of the two tests.
    pub method: Method,
}

/// The test of `McNemar` over the rows that each model has right ([`hits`](crate::hits)).
///
/// ```
/// let a = [true, true, true, true, false];
/// let b = [false, false, false, true, true];
/// let test = biotope_eval::mcnemar(&a, &b).unwrap();
/// assert_eq!((test.n01, test.n10, test.p_value), (1, 3, 0.625));
/// ```
pub fn mcnemar(a: &[bool], b: &[bool]) -> Result<McNemar> {
    check(a, b)?;
    let count = |first, second| a.iter().zip(b).filter(|(x, y)| (**x, **y) == (first, second)).count() as u64;
    Ok(of_counts(count(false, true), count(true, false)))
}

fn of_counts(n01: u64, n10: u64) -> McNemar {
    let disagreements = n01 + n10;
    if disagreements < EXACT_BELOW {
        let smaller = n01.min(n10);
        let p_value = (2.0 * fair_binomial_cdf(smaller, disagreements)).min(1.0);
        return McNemar { statistic: smaller as f64, p_value, n01, n10, method: Method::Exact };
    }
    let gap = (n01.abs_diff(n10) as f64 - 1.0).max(0.0);
    let statistic = gap * gap / disagreements as f64;
    McNemar { statistic, p_value: chi2_sf(statistic), n01, n10, method: Method::ChiSquare }
}

/// The accuracy of `b` less that of `a`, over the same draws of rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// The difference on all rows, with its percentile interval.
    #[serde(flatten)]
    pub difference: Estimate,
    /// Share of the draws in which `b` was better; ties count half.
    pub superiority: f64,
}

/// The paired bootstrap (Efron and Tibshirani 1993) of a difference of means: of accuracy if the
/// values are 0 and 1, of any loss that each row has by itself otherwise.
pub fn paired_bootstrap(
    a: &[f64],
    b: &[f64],
    resamples: usize,
    confidence: f64,
    seed: Seed,
) -> Result<PairedDifference> {
    check(a, b)?;
    let gaps: Vec<f64> = a.iter().zip(b).map(|(a, b)| b - a).collect();
    let rows = gaps.len() as f64;
    let draws = resample(gaps.len(), resamples, seed, |times| {
        gaps.iter().zip(times).map(|(gap, times)| gap * f64::from(*times)).sum::<f64>() / rows
    });
    let points: f64 = draws
        .iter()
        .map(|d| {
            if *d > 0.0 {
                1.0
            } else if *d == 0.0 {
                0.5
            } else {
                0.0
            }
        })
        .sum();
    let superiority = if draws.is_empty() { 0.5 } else { points / draws.len() as f64 };
    let value = gaps.iter().sum::<f64>() / rows;
    Ok(PairedDifference { difference: Estimate::new(value, percentile(draws, confidence)), superiority })
}

/// Two models on the same rows: what a report shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Name of the first model (usually the simpler one).
    pub a: String,
    /// Name of the second.
    pub b: String,
    /// Rows.
    pub rows: usize,
    /// The test of their disagreements.
    pub mcnemar: McNemar,
    /// Accuracy of `b` less that of `a`.
    pub difference: PairedDifference,
}

impl Comparison {
    /// Whether `b` is better and the test would call the difference luck less often than `level`.
    pub fn is_b_better(&self, level: f64) -> bool {
        self.mcnemar.n01 > self.mcnemar.n10 && self.mcnemar.p_value < level
    }
}

/// Compares two models by the rows that each has right.
pub fn compare(a: (&str, &[bool]), b: (&str, &[bool]), config: &EvalConfig) -> Result<Comparison> {
    let number = |hits: &[bool]| -> Vec<f64> { hits.iter().map(|hit| f64::from(u8::from(*hit))).collect() };
    let test = mcnemar(a.1, b.1)?;
    let (of_a, of_b) = (number(a.1), number(b.1));
    let difference = paired_bootstrap(&of_a, &of_b, config.resamples, config.confidence, config.seed)?;
    Ok(Comparison { a: a.0.to_owned(), b: b.0.to_owned(), rows: a.1.len(), mcnemar: test, difference })
}

fn check<T>(a: &[T], b: &[T]) -> Result<()> {
    match (a.len(), b.len()) {
        (left, right) if left != right => {
            Err(lengths("rows of the first", left, "rows of the second", right))
        }
        (0, _) => Err(Error::Empty),
        _ => Ok(()),
    }
}
