//! How many near-duplicates are found: recall and precision at several thresholds on generated documents, or on a file
//! of one's own.
//!
//! `cargo run --release -p biotope-data --example measure_duplicates -- 100000` generates that many, one in ten an edited
//! copy of another, half of them Chinese. `... -- ARTICLES TRUTH` reads lines of `id text` and of `id id`, and says which of
//! the true pairs were found and which others.

use std::collections::{BTreeSet, HashMap};
use std::fs::read_to_string;
use std::time::Instant;

use biotope_core::RecordId;
use biotope_data::dedup::{DedupConfig, Sketcher, cluster};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Numbers below `most`, the same for the same seed.
fn draw(seed: u64, count: usize, most: u32) -> Vec<u32> {
    let mut bytes = vec![0; count * 4];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
        .chunks_exact(4)
        .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]) % most)
        .collect()
}

/// Words, or Chinese characters, of a document; a copy has one to fourteen of its 160 replaced.
fn words(number: usize) -> Vec<String> {
    let original = if is_copy(number) { number - 5 } else { number };
    let chinese = original % 20 < 10;
    let most = if chinese { 2500 } else { 20_000 };
    let word = |n: u32| {
        if chinese { char::from_u32(0x4e00 + n).unwrap_or('一').to_string() } else { format!("w{n}") }
    };
    let mut all: Vec<String> = draw(original as u64, 160, most).into_iter().map(word).collect();
    if is_copy(number) {
        for place in draw(u64::MAX - number as u64, 1 + number / 10 % 14, 160) {
            all[place as usize] = word(most - 1 - place);
        }
    }
    all
}

fn is_copy(number: usize) -> bool {
    number % 10 == 9
}

fn text(number: usize) -> String {
    let words = words(number);
    words.join(if words[0].is_ascii() { " " } else { "" })
}

fn id(text: &str) -> RecordId {
    RecordId::of(&[text.as_bytes()])
}

fn jaccard(sketcher: &Sketcher, a: &str, b: &str) -> f64 {
    let set = |text| sketcher.sketch(text).shingles.into_iter().collect::<BTreeSet<u64>>();
    let (a, b) = (set(a), set(b));
    let shared = a.intersection(&b).count();
    shared as f64 / (a.len() + b.len() - shared) as f64
}

fn generated(count: usize) -> Outcome {
    let sketcher = Sketcher::new(&DedupConfig::default());
    let truth: Vec<(u32, u32, f64)> = (0..count)
        .filter(|number| is_copy(*number))
        .map(|b| ((b - 5) as u32, b as u32, jaccard(&sketcher, &text(b - 5), &text(b))))
        .collect();
    println!(
        "| threshold | bands x rows | true pairs | found | recall | precision | seconds |\n|---|---|---|---|---|---|---|"
    );
    for threshold in [0.6, 0.7, 0.8, 0.9] {
        for (permutations, bands) in [(128, 0), (112, 14)] {
            let config = DedupConfig { threshold, permutations, bands, ..DedupConfig::default() };
            let start = Instant::now();
            let documents = (0..count).map(|number| (RecordId::of(&[&number.to_le_bytes()]), text(number)));
            let clusters = cluster(documents, &config)?;
            let found: BTreeSet<(u32, u32)> = clusters.pairs().iter().map(|pair| (pair.a, pair.b)).collect();
            let wanted: BTreeSet<(u32, u32)> =
                truth.iter().filter(|(_, _, same)| *same >= threshold).map(|(a, b, _)| (*a, *b)).collect();
            let right = found.intersection(&wanted).count();
            let rows = permutations.checked_div(bands);
            let layout = rows.map_or("from the threshold".into(), |rows| format!("{bands} x {rows}"));
            println!(
                "| {threshold} | {layout} | {} | {} | {:.4} | {:.4} | {:.1} |",
                wanted.len(),
                found.len(),
                right as f64 / wanted.len() as f64,
                right as f64 / found.len() as f64,
                start.elapsed().as_secs_f64()
            );
        }
    }
    Ok(())
}

fn given(articles: &str, truth: &str) -> Outcome {
    let articles = read_to_string(articles)?;
    let articles: Vec<(&str, &str)> = articles.lines().filter_map(|line| line.split_once(' ')).collect();
    let place: HashMap<&str, u32> =
        articles.iter().enumerate().map(|(n, (name, _))| (*name, n as u32)).collect();
    let truth = read_to_string(truth)?;
    let pair = |line: &str| {
        let (a, b) = line.split_once(' ')?;
        let (a, b) = (*place.get(a.trim())?, *place.get(b.trim())?);
        Some((a.min(b), a.max(b)))
    };
    let wanted: BTreeSet<(u32, u32)> = truth.lines().filter_map(pair).collect();
    let sketcher = Sketcher::new(&DedupConfig::default());
    for threshold in [0.5, 0.6, 0.7, 0.8, 0.9] {
        let config = DedupConfig { threshold, ..DedupConfig::default() };
        let clusters = cluster(articles.iter().map(|(_, text)| (id(text), (*text).to_owned())), &config)?;
        let found: BTreeSet<(u32, u32)> = clusters.pairs().iter().map(|pair| (pair.a, pair.b)).collect();
        let (right, false_ones) = (found.intersection(&wanted).count(), found.difference(&wanted).count());
        println!("threshold {threshold}: {right} of {} true pairs, {false_ones} others", wanted.len());
    }
    let lowest =
        wanted.iter().map(|(a, b)| jaccard(&sketcher, articles[*a as usize].1, articles[*b as usize].1));
    println!("lowest similarity of a true pair: {:.3}", lowest.fold(1.0, f64::min));
    Ok(())
}

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [articles, truth] => given(articles, truth),
        [count] => generated(count.parse()?),
        _ => generated(100_000),
    }
}
