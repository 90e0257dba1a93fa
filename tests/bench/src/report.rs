//! The line that a program prints.

use biotope_nn::paths;
use serde::Serialize;

/// What was measured, in seconds per step.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    /// The program.
    pub(crate) case: String,
    /// What `rate` counts.
    pub(crate) unit: &'static str,
    /// Median of the steps.
    pub(crate) median: f64,
    /// Fastest step.
    pub(crate) min: f64,
    /// Slowest step.
    pub(crate) max: f64,
    /// 99th percentile.
    pub(crate) p99: f64,
    /// Units per second, by the median.
    pub(crate) rate: f64,
    /// The instructions that the kernels use here, and in which numbers.
    pub(crate) path: String,
    /// Threads of the pool.
    pub(crate) threads: usize,
    /// Most bytes of memory held so far (`VmHWM`).
    pub(crate) rss: u64,
    /// First numbers that came out, for comparing with the peers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) probe: Vec<f32>,
    /// Accuracy on held-out texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) accuracy: Option<f64>,
}

impl Line {
    /// The line of steps that did `amount` units each.
    pub(crate) fn new(case: impl Into<String>, unit: &'static str, amount: f64, seconds: &[f64]) -> Self {
        let mut sorted = seconds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| sorted[((sorted.len() as f64 * share) as usize).min(sorted.len() - 1)];
        let median = at(0.5);
        Self {
            case: case.into(),
            unit,
            median,
            min: at(0.0),
            max: at(1.0),
            p99: at(0.99),
            rate: amount / median,
            path: paths::path().name().to_owned(),
            threads: rayon::current_num_threads(),
            rss: peak_rss(),
            probe: Vec::new(),
            accuracy: None,
        }
    }
}

/// Most bytes of memory that this process held so far; 0 where the system does not say.
pub(crate) fn peak_rss() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_line() {
        let line = Line::new("x", "samples/s", 32.0, &[0.4, 0.1, 0.2, 0.3, 0.9]);
        assert_eq!((line.median, line.min, line.max, line.p99), (0.3, 0.1, 0.9, 0.9));
        assert!((line.rate - 32.0 / 0.3).abs() < 1e-9 && line.threads > 0);
        #[cfg(target_os = "linux")]
        assert!(line.rss > 1 << 20);
    }
}
