//! The bootstrap: how much would a number move if the rows had been drawn again?

use biotope_core::Seed;
use biotope_core::seed::below;
use rayon::prelude::*;

use crate::quantile::of_sorted;

/// Calls `statistic` on `resamples` draws of `rows` rows with replacement; it is given how often each
/// row was drawn. Draw `i` depends on the seed and `i` alone, so the result does not depend on the
/// number of threads, and two statistics under one seed see the same draws.
pub fn resample<T: Send>(
    rows: usize,
    resamples: usize,
    seed: Seed,
    statistic: impl Fn(&[u32]) -> T + Sync,
) -> Vec<T> {
    (0..resamples).into_par_iter().map(|i| statistic(&draw(rows, seed, i))).collect()
}

fn draw(rows: usize, seed: Seed, index: usize) -> Vec<u32> {
    let mut rng = seed.stream(&format!("bootstrap/{index}"));
    let mut times = vec![0; rows];
    (0..rows).for_each(|_| times[below(&mut rng, rows as u64) as usize] += 1);
    times
}

/// The percentile interval of a statistic (Efron 1979). Draws where it is undefined (`None`: say, a
/// class is missing) are left out; `None` when all are.
pub fn bootstrap(
    rows: usize,
    resamples: usize,
    confidence: f64,
    seed: Seed,
    statistic: impl Fn(&[u32]) -> Option<f64> + Sync,
) -> Option<(f64, f64)> {
    percentile(resample(rows, resamples, seed, statistic).into_iter().flatten().collect(), confidence)
}

/// The middle `confidence` of some values.
pub(crate) fn percentile(mut values: Vec<f64>, confidence: f64) -> Option<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    (!values.is_empty()).then(|| (of_sorted(&values, tail), of_sorted(&values, 1.0 - tail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: &[f64], times: &[u32]) -> f64 {
        let sum: f64 = values.iter().zip(times).map(|(v, t)| v * f64::from(*t)).sum();
        sum / values.len() as f64
    }

    #[test]
    fn draws_keep_the_number_of_rows_and_repeat_with_the_seed() {
        let draws = resample(50, 20, Seed(1), <[u32]>::to_vec);
        assert!(draws.iter().all(|times| times.iter().sum::<u32>() == 50));
        assert_eq!(draws, resample(50, 20, Seed(1), <[u32]>::to_vec));
        assert_ne!(draws, resample(50, 20, Seed(2), <[u32]>::to_vec));
    }

    #[test]
    fn threads_do_not_change_the_draws() {
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let many = rayon::ThreadPoolBuilder::new().num_threads(7).build().unwrap();
        let run = || resample(31, 64, Seed(9), <[u32]>::to_vec);
        assert_eq!(one.install(run), many.install(run));
    }

    #[test]
    fn the_interval_of_a_mean_is_about_the_normal_one() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let (low, high) = bootstrap(400, 2000, 0.95, Seed(3), |times| Some(mean(&values, times))).unwrap();
        // 1.96 standard errors of 0.5 / sqrt(400).
        assert!((low - 0.451).abs() < 0.006 && (high - 0.549).abs() < 0.006, "{low} {high}");
    }

    #[test]
    fn undefined_draws_are_left_out() {
        assert_eq!(bootstrap(3, 50, 0.9, Seed(1), |_| None), None);
        assert_eq!(bootstrap(3, 0, 0.9, Seed(1), |_| Some(1.0)), None);
        let some = bootstrap(3, 200, 0.9, Seed(1), |times| (times[0] > 0).then_some(7.0));
        assert_eq!(some, Some((7.0, 7.0)));
    }
}
