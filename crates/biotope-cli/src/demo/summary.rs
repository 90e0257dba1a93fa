//! What was measured: `summary.json`, and the closing table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::output;

/// Everything that the demo measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// `biotope` version.
    pub version: String,
    /// Which newspaper (`"reuters-r8"`, `"generated"`).
    pub newspaper: String,
    /// Whether it was the small one.
    pub quick: bool,
    /// Seed of everything.
    pub seed: u64,
    /// Threads at work.
    pub threads: usize,
    /// Seconds per stage.
    pub seconds: BTreeMap<String, f64>,
    /// Pages that the newspaper printed.
    pub pages: usize,
    /// Pages that were collected.
    pub collected: u64,
    /// Requests for what robots.txt forbids.
    pub robots_trespasses: u64,
    /// Rows per split after curation.
    pub splits: BTreeMap<String, u64>,
    /// Records set aside, by step.
    pub set_aside: BTreeMap<String, u64>,
    /// F1 of 4-gram shingles of the extracted bodies.
    pub extraction_f1: f64,
    /// Share of the pairs of duplicates that were found.
    pub duplicate_recall: f64,
    /// Share of the found pairs that are duplicates.
    pub duplicate_precision: f64,
    /// Planted e-mail addresses and phone numbers.
    pub personal_data_planted: usize,
    /// Share of them that is masked.
    pub personal_data_recall: f64,
    /// The ladder.
    pub models: Vec<ModelSummary>,
    /// Folder of the bundle that ships.
    pub bundle: String,
    /// Its model.
    pub winner: String,
    /// Median milliseconds of a request with 100 words over HTTP.
    pub predict_p50_ms: f64,
    /// 99th percentile of the same.
    pub predict_p99_ms: f64,
    /// Requests that were timed.
    pub predict_requests: usize,
    /// A page classified by its URL, as the service answered.
    pub asked: serde_json::Value,
    /// The report.
    pub report: String,
}

/// One model of the ladder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// Registry name.
    pub name: String,
    /// Share of test rows predicted rightly.
    pub accuracy: f64,
    /// Its 95 % bootstrap interval.
    pub interval: (f64, f64),
    /// Macro F1 on the same rows.
    pub macro_f1: f64,
    /// Accuracy on the validation split: what models are chosen by.
    pub valid: f64,
    /// Seconds of training.
    pub train_seconds: f64,
    /// Test rows.
    pub test_rows: usize,
    /// Seed.
    pub seed: u64,
    /// Trained numbers.
    pub parameters: usize,
    /// Run id.
    pub run: String,
}

/// The closing table.
pub(crate) fn print(summary: &Summary) {
    let percent = |value: f64| format!("{:.2} %", value * 100.0);
    let rows = summary.models.iter().map(|m| {
        let interval = format!("{:.2}-{:.2}", m.interval.0 * 100.0, m.interval.1 * 100.0);
        let mark = if m.name == summary.winner { "→ bundled" } else { "" };
        let seconds = format!("{:.1}", m.train_seconds);
        vec![
            m.name.clone(),
            percent(m.accuracy),
            interval,
            percent(m.macro_f1),
            seconds,
            m.test_rows.to_string(),
            mark.into(),
        ]
    });
    output::line("");
    output::line(&output::table(
        &["model", "accuracy", "95 % interval", "macro F1", "train s", "test rows", ""],
        rows,
    ));
    output::line("");
    let facts = [
        (
            "pages collected",
            format!(
                "{} of {}, {} against robots.txt",
                summary.collected, summary.pages, summary.robots_trespasses
            ),
        ),
        ("extraction F1", format!("{:.4}", summary.extraction_f1)),
        (
            "duplicates",
            format!("recall {:.4}, precision {:.4}", summary.duplicate_recall, summary.duplicate_precision),
        ),
        (
            "personal data",
            format!(
                "{} planted, {} masked",
                summary.personal_data_planted,
                percent(summary.personal_data_recall)
            ),
        ),
        (
            "serving",
            format!(
                "{} requests of 100 words: p50 {:.1} ms, p99 {:.1} ms",
                summary.predict_requests, summary.predict_p50_ms, summary.predict_p99_ms
            ),
        ),
        (
            "seconds",
            summary.seconds.iter().map(|(k, v)| format!("{k} {v:.1}")).collect::<Vec<_>>().join(", "),
        ),
        ("bundle", summary.bundle.clone()),
        ("report", summary.report.clone()),
    ];
    output::line(&output::table(&["measured", ""], facts.map(|(name, value)| vec![name.to_owned(), value])));
}
