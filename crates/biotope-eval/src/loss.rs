//! Proper scores of probabilities, one row at a time: logarithmic loss and Brier score.

/// Probabilities are clipped to `EPSILON..=1 - EPSILON` before the logarithm: scikit-learn's choice
/// for 64-bit scores.
pub const EPSILON: f64 = f64::EPSILON;

/// `-ln p` of the true class, in nats.
pub fn log_loss(scores: &[f64], truth: usize) -> f64 {
    -clip(scores[truth]).ln()
}

/// Mean over labels of the binary logarithmic loss, in nats.
pub fn binary_log_loss(scores: &[f64], truth: &[bool]) -> f64 {
    let of = |(p, t): (&f64, &bool)| -if *t { clip(*p) } else { 1.0 - clip(*p) }.ln();
    scores.iter().zip(truth).map(of).sum::<f64>() / scores.len().max(1) as f64
}

/// Squared distance between scores and the one-hot truth; halved for two classes, so that it is the
/// usual binary Brier score (scikit-learn's `scale_by_half="auto"`).
pub fn brier(scores: &[f64], truth: usize) -> f64 {
    let of = |(class, p): (usize, &f64)| (p - f64::from(u8::from(class == truth))).powi(2);
    let sum: f64 = scores.iter().enumerate().map(of).sum();
    if scores.len() <= 2 { sum / 2.0 } else { sum }
}

fn clip(p: f64) -> f64 {
    p.clamp(EPSILON, 1.0 - EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainty_costs_nothing_when_right_and_a_finite_amount_when_wrong() {
        assert!(log_loss(&[1.0, 0.0], 0).abs() < 1e-15);
        assert!((log_loss(&[1.0, 0.0], 1) - 36.043_653_389_117_15).abs() < 1e-12);
        assert_eq!((brier(&[1.0, 0.0], 1), brier(&[1.0, 0.0, 0.0], 1)), (1.0, 2.0));
        assert!((binary_log_loss(&[0.5, 0.5], &[true, false]) - 2f64.ln()).abs() < 1e-15);
    }
}
