//! The line that a program prints, ours or a peer's.

use anyhow::{Context, Result};
use serde_json::Value;

/// One process of some steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    /// Units per second.
    pub(crate) rate: f64,
    /// Seconds of a step: median and 99th percentile.
    pub(crate) median: f64,
    pub(crate) p99: f64,
    /// Most bytes held.
    pub(crate) rss: f64,
    pub(crate) threads: u64,
    /// Which kernels or settings ran.
    pub(crate) path: String,
    pub(crate) version: String,
    pub(crate) accuracy: Option<f64>,
    /// First numbers that came out.
    pub(crate) probe: Vec<f64>,
}

impl Sample {
    /// Reads the last line that is a JSON object: libraries print what they like before it.
    pub(crate) fn parse(output: &str) -> Result<Self> {
        let objects = output.lines().rev().filter(|line| line.trim_start().starts_with('{'));
        let json = objects.filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(Value::is_object);
        let json = json.context("it printed no line of JSON")?;
        let number =
            |key: &str| json[key].as_f64().with_context(|| format!("its line has no number {key:?}"));
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            rate: number("rate")?,
            median: number("median")?,
            p99: number("p99")?,
            rss: number("rss")?,
            threads: number("threads")? as u64,
            path: text("path"),
            version: text("version"),
            accuracy: json["accuracy"].as_f64(),
            probe: json["probe"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect(),
        })
    }
}

/// The middle of some numbers (of an even count, the mean of the middle two); NaN of none.
pub(crate) fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_json_counts() {
        let line = r#"{"case":"x","median":0.5,"p99":0.7,"rate":64,"rss":1e6,"threads":2,"path":"bf16","probe":[1,2.5]}"#;
        let sample = Sample::parse(&format!("hello {{}}\n{{\"half\": \n{line}\nbye\n")).unwrap();
        assert_eq!((sample.rate, sample.median, sample.threads), (64.0, 0.5, 2));
        assert_eq!((sample.path.as_str(), sample.probe, sample.accuracy), ("bf16", vec![1.0, 2.5], None));
        assert_eq!(Sample::parse("nothing").unwrap_err().to_string(), "it printed no line of JSON");
        let error = Sample::parse(r#"{"rate": 1}"#).unwrap_err().to_string();
        assert_eq!(error, "its line has no number \"median\"");
    }

    #[test]
    fn the_middle_of_numbers() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median([]).is_nan());
    }
}
