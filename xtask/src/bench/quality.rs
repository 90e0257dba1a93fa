//! How well articles are found: the score of the public article-extraction benchmark, as its `evaluate.py` computes it.
//!
//! A folder holds `html/ID.html.gz` and `ground-truth.json` (`{ID: {"articleBody": text}}`). Texts are compared by runs
//! of four word tokens (`\w+`); of each page the shares found, too much and missing; precision and recall are means over
//! pages, F1 is made of the two means, and the errors are standard deviations over bootstrap resamples of the pages.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::shingles::{Hits, compare, tokens};
use crate::run::{cargo, target};

/// How many resamples the errors are taken from.
const RESAMPLES: usize = 1000;

/// Means over pages.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scores {
    f1: f64,
    precision: f64,
    recall: f64,
    accuracy: f64,
}

/// A page's comparison, and whether its tokens are the same.
type Page = (Hits, bool);

/// Extracts the pages of a folder with our binary, compares, prints; yes if every page could be read.
pub(crate) fn quality(folder: &Path) -> Result<bool> {
    ensure!(
        cargo(&["build", "--release", "--locked", "--package", "biotope-cli"], &[])?,
        "biotope does not compile"
    );
    let truth = truth(folder)?;
    let (found, seconds) = extracted(&target().join("release/biotope"), folder, &truth)?;
    let (report, text) = report(&truth, &found, seconds);
    let path = target().join("bench/quality.json");
    fs::create_dir_all(target().join("bench"))?;
    fs::write(&path, format!("{report:#}\n")).with_context(|| path.display().to_string())?;
    println!("{text}\n{}", path.display());
    Ok(found.len() == truth.len())
}

/// Gold texts by page.
fn truth(folder: &Path) -> Result<BTreeMap<String, String>> {
    let path = folder.join("ground-truth.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let value: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))?;
    let pages = value.as_object().with_context(|| format!("{} is no object of pages", path.display()))?;
    let gold = |page: &Value| page["articleBody"].as_str().map(str::to_owned);
    let pages: BTreeMap<String, String> =
        pages.iter().filter_map(|(id, page)| Some((id.clone(), gold(page)?))).collect();
    ensure!(!pages.is_empty(), "{} has no page with an articleBody", path.display());
    Ok(pages)
}

/// What our binary finds on each page, all in one process, and how many seconds that takes.
fn extracted(
    binary: &Path,
    folder: &Path,
    truth: &BTreeMap<String, String>,
) -> Result<(BTreeMap<String, String>, f64)> {
    let file = |id: &String| folder.join("html").join(format!("{id}.html.gz"));
    let files: Vec<_> = truth.keys().map(file).collect();
    let start = Instant::now();
    let output = Command::new(binary)
        .args(["extract", "--json"])
        .args(&files)
        .output()
        .with_context(|| binary.display().to_string())?;
    let seconds = start.elapsed().as_secs_f64();
    // 1 says that some page has no article, which is an answer.
    ensure!(
        matches!(output.status.code(), Some(0 | 1)),
        "biotope extract: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut found = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let value: Value =
            serde_json::from_str(line).with_context(|| format!("biotope extract said: {line}"))?;
        let page = Path::new(value["page"].as_str().unwrap_or_default()).file_name();
        let id = page.and_then(|name| name.to_str()?.strip_suffix(".html.gz"));
        let id = id.with_context(|| format!("biotope extract named no page: {line}"))?;
        found.insert(id.to_owned(), value["text"].as_str().unwrap_or_default().to_owned());
    }
    Ok((found, seconds))
}

fn report(
    truth: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
    seconds: f64,
) -> (Value, String) {
    let page = |(id, gold): (&String, &String)| {
        let text = found.get(id).map_or("", String::as_str);
        (compare(gold, text), tokens(gold) == tokens(text))
    };
    let pages: Vec<Page> = truth.iter().map(page).collect();
    let (scores, error) = (scores(&pages), bootstrap(&pages));
    let speed = pages.len() as f64 / seconds.max(1e-9);
    let line = |name, value, error| format!("{name:<10} {value:.4} ± {error:.4}\n");
    let text = format!(
        "{}{}{}{}pages      {}\npages/s    {speed:.1} (one process, decoding and JSON counted)",
        line("F1", scores.f1, error.f1),
        line("precision", scores.precision, error.precision),
        line("recall", scores.recall, error.recall),
        line("accuracy", scores.accuracy, error.accuracy),
        pages.len()
    );
    let table = |s: Scores| json!({ "f1": s.f1, "precision": s.precision, "recall": s.recall, "accuracy": s.accuracy });
    let each: BTreeMap<&String, f64> =
        truth.keys().zip(&pages).map(|(id, (hits, _))| (id, hits.f1())).collect();
    let json = json!({ "pages": pages.len(), "scores": table(scores), "standard_error": table(error), "pages_per_second": speed, "f1_of_page": each });
    (json, text)
}

/// Means over the pages on which a score is defined: precision where something was found, recall where there is a text.
fn scores(pages: &[Page]) -> Scores {
    let mean = |values: Vec<f64>| {
        if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
    };
    let precision = mean(pages.iter().filter_map(|(hits, _)| hits.precision()).collect());
    let recall = mean(pages.iter().filter_map(|(hits, _)| hits.recall()).collect());
    let both = precision + recall;
    let f1 = if both > 0.0 { 2.0 * precision * recall / both } else { 0.0 };
    Scores {
        f1,
        precision,
        recall,
        accuracy: mean(pages.iter().map(|(_, same)| f64::from(u8::from(*same))).collect()),
    }
}

/// Standard deviations of the scores over resamples, drawn by a fixed generator (`SplitMix64`).
fn bootstrap(pages: &[Page]) -> Scores {
    let mut state = 42_u64;
    let mut draw = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % pages.len() as u64).unwrap_or(0)
    };
    let samples: Vec<Scores> =
        (0..RESAMPLES).map(|_| scores(&pages.iter().map(|_| pages[draw()]).collect::<Vec<_>>())).collect();
    let deviation = |get: fn(&Scores) -> f64| {
        let mean = samples.iter().map(get).sum::<f64>() / samples.len() as f64;
        (samples.iter().map(|s| (get(s) - mean).powi(2)).sum::<f64>() / (samples.len() - 1) as f64).sqrt()
    };
    Scores {
        f1: deviation(|s| s.f1),
        precision: deviation(|s| s.precision),
        recall: deviation(|s| s.recall),
        accuracy: deviation(|s| s.accuracy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(found: f64, extra: f64, missing: f64) -> Page {
        (Hits { found, extra, missing }, extra + missing == 0.0)
    }

    #[test]
    fn means_are_over_pages() {
        let all = scores(&[hits(1.0, 0.0, 0.0), hits(0.5, 0.5, 0.0), hits(0.0, 0.0, 1.0)]);
        // Nothing was found on the third page: it has no precision, and no recall.
        assert!((all.precision - 0.75).abs() < 1e-12 && (all.recall - 2.0 / 3.0).abs() < 1e-12, "{all:?}");
        assert!((all.accuracy - 1.0 / 3.0).abs() < 1e-12 && (all.f1 - 12.0 / 17.0).abs() < 1e-12, "{all:?}");
        assert_eq!(
            bootstrap(&[hits(1.0, 0.0, 0.0)]),
            Scores { f1: 0.0, precision: 0.0, recall: 0.0, accuracy: 0.0 }
        );
    }

    /// A binary that answers for two pages: one right, one without an article.
    #[cfg(unix)]
    #[test]
    fn a_folder_is_scored() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = std::env::temp_dir().join(format!("quality-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join("ground-truth.json"),
            r#"{"a":{"articleBody":"one two three four five"},"b":{"articleBody":"小麦 上涨"}}"#,
        )
        .unwrap();
        let binary = folder.join("biotope");
        fs::write(
            &binary,
            "#!/bin/sh\necho '{\"page\":\"x/b.html.gz\",\"text\":\"\"}'\n\
             echo '{\"page\":\"x/a.html.gz\",\"text\":\"one two, three four five\"}'\nexit 1\n",
        )
        .unwrap();
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
        let truth = truth(&folder).unwrap();
        let (found, seconds) = extracted(&binary, &folder, &truth).unwrap();
        let (json, text) = report(&truth, &found, seconds);
        assert_eq!(
            (&json["scores"]["precision"], &json["scores"]["recall"], &json["scores"]["accuracy"]),
            (&json!(1.0), &json!(0.5), &json!(0.5))
        );
        assert!(text.starts_with("F1         0.6667 ± "), "{text}");
        fs::write(folder.join("ground-truth.json"), "{}").unwrap();
        assert!(self::truth(&folder).unwrap_err().to_string().ends_with("has no page with an articleBody"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
