//! The few special functions that intervals and tests need, to about 1e-14.

use std::f64::consts::{FRAC_2_SQRT_PI, PI, SQRT_2};

/// The complementary error function: Maclaurin series of erf near zero, continued fraction beyond
/// (Abramowitz and Stegun 7.1.6 and 7.1.14).
pub fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    if x < 2.0 { 1.0 - erf_series(x) } else { erfc_fraction(x) }
}

fn erf_series(x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (x, x, 0.0);
    while term > sum * 1e-17 {
        n += 1.0;
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
    }
    FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

/// Evaluated from the far end; 80 levels are more than enough from 2 upwards.
fn erfc_fraction(x: f64) -> f64 {
    let tail = (1..=80).rev().fold(0.0, |tail, k| f64::from(k) / 2.0 / (x + tail));
    (-x * x).exp() / PI.sqrt() / (x + tail)
}

/// Survival function of the chi-square distribution with one degree of freedom.
pub fn chi2_sf(x: f64) -> f64 {
    erfc((x.max(0.0) / 2.0).sqrt())
}

/// The standard normal quantile of `p` in (0, 1): Newton steps on the distribution function,
/// bisected where they leave the bracket.
pub fn normal_quantile(p: f64) -> f64 {
    let tail = p.min(1.0 - p);
    let (mut low, mut high) = (0.0, 40.0);
    let mut x = 1.0;
    for _ in 0..200 {
        let excess = erfc(x / SQRT_2) / 2.0 - tail;
        if excess > 0.0 {
            low = x;
        } else {
            high = x;
        }
        let density = (-x * x / 2.0).exp() / (2.0 * PI).sqrt();
        let newton = x + excess / density;
        let next = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        let is_done = (next - x).abs() <= 1e-16 * x.abs();
        x = next;
        if is_done {
            break;
        }
    }
    if p < 0.5 { -x } else { x }
}

/// `P(X <= k)` for `X` binomial with `n` fair coins; exact sums, meant for small `n`.
pub fn fair_binomial_cdf(k: u64, n: u64) -> f64 {
    let (mut term, mut sum) = (0.5f64.powi(n as i32), 0.0);
    for i in 0..=k.min(n) {
        sum += term;
        term *= (n - i) as f64 / (i + 1) as f64;
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // scipy.special.erfc, scipy.stats.norm.ppf, scipy.stats.binom.cdf
        let close = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-13, "{got} {want}");
        close(erfc(0.5), 0.479_500_122_186_953_5);
        close(erfc(-1.0), 1.842_700_792_949_714_8);
        close(erfc(3.0), 2.209_049_699_858_543_8e-5);
        close(erfc(10.0), 2.088_487_583_762_545e-45);
        close(normal_quantile(0.975), 1.959_963_984_540_054);
        close(normal_quantile(0.005), -2.575_829_303_548_901);
        close(fair_binomial_cdf(3, 10), 0.171_875);
        assert_eq!(
            (erfc(0.0), normal_quantile(0.5).abs() < 1e-15, fair_binomial_cdf(9, 9)),
            (1.0, true, 1.0)
        );
    }
}
