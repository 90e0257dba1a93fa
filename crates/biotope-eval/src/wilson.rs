//! An interval for a share that behaves at 0 and 1, too.

use crate::special::normal_quantile;

/// Wilson's score interval (1927) for `successes` of `trials`; `None` without trials.
///
/// ```
/// let (low, high) = biotope_eval::wilson(9, 10, 0.95).unwrap();
/// assert!(low > 0.59 && high < 0.99);
/// ```
pub fn wilson(successes: u64, trials: u64, confidence: f64) -> Option<(f64, f64)> {
    if trials == 0 {
        return None;
    }
    let (n, z) = (trials as f64, normal_quantile(f64::midpoint(1.0, confidence)));
    let p = successes as f64 / n;
    let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_holds_the_share_and_mirrors(trials in 1u64..5000, part in 0.0f64..=1.0) {
            let successes = (part * trials as f64) as u64;
            let (low, high) = wilson(successes, trials, 0.95).unwrap();
            let share = successes as f64 / trials as f64;
            prop_assert!(0.0 <= low && low <= share + 1e-12 && share <= high + 1e-12 && high <= 1.0);
            let (mirror_low, mirror_high) = wilson(trials - successes, trials, 0.95).unwrap();
            prop_assert!((1.0 - mirror_high - low).abs() < 1e-12 && (1.0 - mirror_low - high).abs() < 1e-12);
        }
    }

    #[test]
    fn no_trials_no_interval() {
        assert_eq!(wilson(0, 0, 0.95), None);
    }
}
