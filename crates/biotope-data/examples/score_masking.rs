//! Scores masking on a file in presidio-research's format: a JSON list of
//! `{"full_text", "spans": [{"entity_type", "start_position", "end_position"}]}`, places counted in characters.
//!
//! `cargo run --release -p biotope-data --example score_masking -- FILE.json [--misses TYPE]`
//!
//! A find counts if its kind is the annotated one and both borders are the same (exact), or if they overlap by half of their
//! union (half). F2 weighs recall four times as much as precision. With `--misses`, what was missed and what was wrong is shown.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use biotope_data::personal::{Detector, DetectorConfig, character_places};
use serde::Deserialize;

/// The kinds of the macro average.
const MACRO: [&str; 5] = ["CREDIT_CARD", "EMAIL_ADDRESS", "IBAN_CODE", "IP_ADDRESS", "US_SSN"];

#[derive(Deserialize)]
struct Sample {
    full_text: String,
    spans: Vec<Gold>,
}

#[derive(Deserialize)]
struct Gold {
    entity_type: String,
    start_position: usize,
    end_position: usize,
}

/// A kind and its place, in characters.
type Found = (String, usize, usize);

#[derive(Clone, Copy, Default)]
struct Hits {
    gold: f64,
    found: f64,
    exact: f64,
    half: f64,
}

fn f2(right: f64, hits: Hits) -> f64 {
    let (precision, recall) = (right / hits.found.max(1.0), right / hits.gold.max(1.0));
    if right == 0.0 { 0.0 } else { 5.0 * precision * recall / (4.0 * precision + recall) }
}

/// Other sets' names for kinds.
fn kind(name: &str) -> &str {
    match name {
        "DOMAIN_NAME" => "URL",
        "ADDRESS" => "STREET_ADDRESS",
        name => name,
    }
}

fn halves(a: &Found, b: &Found) -> bool {
    let shared = a.2.min(b.2).saturating_sub(a.1.max(b.1));
    let union = a.2.max(b.2) - a.1.min(b.1);
    a.0 == b.0 && shared * 2 >= union
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(path) = args.first() else { bail!("give a file: score_masking FILE.json [--misses TYPE]") };
    let misses = args.iter().position(|arg| arg == "--misses").and_then(|at| args.get(at + 1));
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let samples: Vec<Sample> =
        serde_json::from_str(&text).with_context(|| format!("{path} is not in the format"))?;
    let detector = Detector::new(&DetectorConfig { types: vec!["*".into()], ..DetectorConfig::default() })?;
    let start = Instant::now();
    let found: Vec<_> = samples.iter().map(|sample| detector.find(&sample.full_text)).collect();
    let seconds = start.elapsed().as_secs_f64();
    let mut table: BTreeMap<String, Hits> = BTreeMap::new();
    for (sample, spans) in samples.iter().zip(&found) {
        let places = character_places(&sample.full_text, spans);
        let found: Vec<Found> = spans
            .iter()
            .zip(places)
            .map(|(span, (start, end))| (span.kind.to_string(), start, end))
            .collect();
        let gold: Vec<Found> = sample
            .spans
            .iter()
            .map(|g| (kind(&g.entity_type).to_owned(), g.start_position, g.end_position))
            .collect();
        count(&gold, &found, &mut table);
        if let Some(wanted) = misses {
            show(sample, &gold, &found, wanted);
        }
    }
    print(&table);
    println!("{} texts in {seconds:.3} s, {:.0} texts/s", samples.len(), samples.len() as f64 / seconds);
    Ok(())
}

fn count(gold: &[Found], found: &[Found], table: &mut BTreeMap<String, Hits>) {
    for item in gold {
        let hits = table.entry(item.0.clone()).or_default();
        hits.gold += 1.0;
        hits.exact += f64::from(u8::from(found.contains(item)));
        hits.half += f64::from(u8::from(found.iter().any(|other| halves(item, other))));
    }
    for item in found {
        table.entry(item.0.clone()).or_default().found += 1.0;
    }
}

fn show(sample: &Sample, gold: &[Found], found: &[Found], wanted: &str) {
    let lacks = |list: &[Found], item: &Found| item.0 == wanted && !list.contains(item);
    let part = |item: &Found| sample.full_text.chars().skip(item.1).take(item.2 - item.1).collect::<String>();
    for item in gold.iter().filter(|item| lacks(found, item)) {
        println!("missed {:?} in {:?}", part(item), sample.full_text);
    }
    for item in found.iter().filter(|item| lacks(gold, item)) {
        println!("wrong  {:?} in {:?}", part(item), sample.full_text);
    }
}

fn print(table: &BTreeMap<String, Hits>) {
    println!(
        "{:24} {:>6} {:>6} {:>9} {:>9} {:>9} {:>9}",
        "kind", "gold", "found", "precision", "recall", "F2 exact", "F2 half"
    );
    for (kind, hits) in table {
        let (precision, recall) = (hits.exact / hits.found.max(1.0), hits.exact / hits.gold.max(1.0));
        let (exact, half) = (f2(hits.exact, *hits), f2(hits.half, *hits));
        println!(
            "{kind:24} {:>6} {:>6} {precision:>9.4} {recall:>9.4} {exact:>9.4} {half:>9.4}",
            hits.gold, hits.found
        );
    }
    let present: Vec<&Hits> =
        MACRO.iter().filter_map(|kind| table.get(*kind)).filter(|hits| hits.gold > 0.0).collect();
    let mean = |right: fn(&Hits) -> f64| {
        present.iter().map(|hits| f2(right(hits), **hits)).sum::<f64>() / present.len() as f64
    };
    println!(
        "macro F2 over {} kinds: exact {:.4}, half {:.4}",
        present.len(),
        mean(|hits| hits.exact),
        mean(|hits| hits.half)
    );
}
