//! Receiver operating characteristic: the curve, and the area under it.

use serde::{Deserialize, Serialize};

/// Points of a ROC curve from (0, 0) to (1, 1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RocCurve {
    /// False positive rate, ascending.
    pub fpr: Vec<f64>,
    /// True positive rate, ascending.
    pub tpr: Vec<f64>,
    /// Rows with at least this score count as positive; `None` (above all scores) at the first point.
    pub thresholds: Vec<Option<f64>>,
}

/// The curve of `scores` against `positive`; collinear points are left out, as scikit-learn's
/// `roc_curve` does. `None` when one of the two kinds is missing.
pub fn roc_curve(scores: &[f64], positive: &[bool]) -> Option<RocCurve> {
    let mut steps = vec![(0, 0, None)];
    let order = descending(scores);
    let (mut fp, mut tp) = (0u64, 0u64);
    for (at, &row) in order.iter().enumerate() {
        if positive[row] {
            tp += 1;
        } else {
            fp += 1;
        }
        let is_last_of_tie = order.get(at + 1).is_none_or(|next| scores[*next] != scores[row]);
        if is_last_of_tie {
            steps.push((fp, tp, Some(scores[row])));
        }
    }
    (fp > 0 && tp > 0).then(|| curve(&without_collinear(&steps), fp, tp))
}

type Step = (u64, u64, Option<f64>);

/// Keeps a point where the step to it differs from the step after it, the origin and, as scikit-learn
/// looks at the points before it puts the origin in front, the first after it.
fn without_collinear(steps: &[Step]) -> Vec<Step> {
    let step = |a: Step, b: Step| (b.0 - a.0, b.1 - a.1);
    let is_corner = |at: usize| {
        at <= 1 || at + 1 == steps.len() || step(steps[at - 1], steps[at]) != step(steps[at], steps[at + 1])
    };
    steps.iter().enumerate().filter(|(at, _)| is_corner(*at)).map(|(_, step)| *step).collect()
}

fn curve(steps: &[Step], negatives: u64, positives: u64) -> RocCurve {
    RocCurve {
        fpr: steps.iter().map(|s| s.0 as f64 / negatives as f64).collect(),
        tpr: steps.iter().map(|s| s.1 as f64 / positives as f64).collect(),
        thresholds: steps.iter().map(|s| s.2).collect(),
    }
}

impl RocCurve {
    /// At most `most` points (and the last), evenly picked: enough for a plot.
    #[must_use]
    pub fn thinned(&self, most: usize) -> Self {
        let count = self.fpr.len();
        if count <= most.max(2) {
            return self.clone();
        }
        let last = most.max(2) - 1;
        let at: Vec<usize> = (0..=last).map(|i| i * (count - 1) / last).collect();
        Self {
            fpr: at.iter().map(|i| self.fpr[*i]).collect(),
            tpr: at.iter().map(|i| self.tpr[*i]).collect(),
            thresholds: at.iter().map(|i| self.thresholds[*i]).collect(),
        }
    }
}

/// Area under the ROC curve: the chance that a positive row outscores a negative one, ties counted
/// half (Mann and Whitney 1947). `None` when one of the two kinds is missing.
///
/// ```
/// let area = biotope_eval::auc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]);
/// assert_eq!(area, Some(0.75));
/// ```
pub fn auc(scores: &[f64], positive: &[bool]) -> Option<f64> {
    weighted_auc(&descending(scores), scores, |row| positive[row], |_| 1)
}

/// The same where row `r` counts `times(r)` times, over an order by descending score.
pub(crate) fn weighted_auc(
    order: &[usize],
    scores: &[f64],
    positive: impl Fn(usize) -> bool,
    times: impl Fn(usize) -> u64,
) -> Option<f64> {
    // In halves, so that all sums are whole numbers: u128 because pairs grow with the square.
    let (mut halves, mut tp, mut fp, mut tie_tp, mut tie_fp) = (0u128, 0u64, 0u64, 0u64, 0u64);
    for (at, &row) in order.iter().enumerate() {
        if positive(row) {
            tie_tp += times(row);
        } else {
            tie_fp += times(row);
        }
        if order.get(at + 1).is_none_or(|next| scores[*next] != scores[row]) {
            halves += u128::from(tie_fp) * u128::from(2 * tp + tie_tp);
            (tp, fp, tie_tp, tie_fp) = (tp + tie_tp, fp + tie_fp, 0, 0);
        }
    }
    let pairs = 2 * u128::from(tp) * u128::from(fp);
    (pairs > 0).then(|| halves as f64 / pairs as f64)
}

/// Rows by descending score; equals keep their order.
pub(crate) fn descending(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_tied_is_a_coin_and_one_kind_alone_has_no_area() {
        assert_eq!(auc(&[0.5; 4], &[true, false, true, false]), Some(0.5));
        assert_eq!(auc(&[0.1, 0.2], &[true, true]), None);
        assert_eq!(roc_curve(&[0.1, 0.2], &[false, false]), None);
        assert_eq!(auc(&[], &[]), None);
    }

    #[test]
    fn thinning_keeps_both_ends() {
        let scores: Vec<f64> = (0..100).map(f64::from).collect();
        let positive: Vec<bool> = (0..100).map(|i| i % 3 == 0 || i % 7 == 0).collect();
        let full = roc_curve(&scores, &positive).unwrap();
        let thin = full.thinned(9);
        assert_eq!((thin.fpr.len(), thin.fpr[0], thin.tpr[8]), (9, 0.0, 1.0));
        assert_eq!(full.thinned(1000), full);
    }

    fn area(curve: &RocCurve) -> f64 {
        let points: Vec<(f64, f64)> = curve.fpr.iter().copied().zip(curve.tpr.iter().copied()).collect();
        points.windows(2).map(|w| (w[1].0 - w[0].0) * (w[1].1 + w[0].1) / 2.0).sum()
    }

    proptest! {
        #[test]
        fn laws(rows in prop::collection::vec((-8i32..8, any::<bool>()), 2..80)) {
            let scores: Vec<f64> = rows.iter().map(|r| f64::from(r.0)).collect();
            let positive: Vec<bool> = rows.iter().map(|r| r.1).collect();
            let Some(value) = auc(&scores, &positive) else { return Ok(()) };
            prop_assert!((0.0..=1.0).contains(&value));
            // Invariant under monotone maps; mirrored by negation and by swapping the kinds.
            let mapped: Vec<f64> = scores.iter().map(|s| (s / 3.0).exp() + 1.0).collect();
            prop_assert_eq!(auc(&mapped, &positive), Some(value));
            let negated: Vec<f64> = scores.iter().map(|s| -s).collect();
            let swapped: Vec<bool> = positive.iter().map(|p| !p).collect();
            prop_assert!((auc(&negated, &positive).unwrap() + value - 1.0).abs() < 1e-12);
            prop_assert!((auc(&negated, &swapped).unwrap() - value).abs() < 1e-12);
            // The curve says the same as the ranks, and never goes back.
            let curve = roc_curve(&scores, &positive).unwrap();
            prop_assert!((area(&curve) - value).abs() < 1e-12);
            prop_assert!(curve.fpr.is_sorted() && curve.tpr.is_sorted());
        }
    }
}
