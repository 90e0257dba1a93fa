//! Curates a generated corpus and tells time and memory: `cargo run --release -p biotope-data --example curate_generated -- STORE DOCUMENTS`.
//!
//! One document in twenty is a near-duplicate of another. With a third argument, the corpus is smaller by that many
//! documents, so that a second call makes a second version.

use biotope_core::{Document, Seed, Silent};
use biotope_data::{CurateConfig, Dataset, Documents, Result, Source, Store, collect, curate};

#[path = "../tests/support/drawn.rs"]
mod drawn;

/// Documents made from their numbers alone.
struct Generated(usize);

impl Generated {
    fn document(number: usize) -> Document {
        let original = if number % 20 == 19 { number - 7 } else { number };
        let mut words = drawn::words(original, 200);
        if original != number {
            words[100] = "reprinted";
        }
        let doc = Document::new(format!("https://news.example/{number}"), words.join(" "));
        let label = ["grain", "crude", "earn", "原油"][original % 4];
        Document { label: Some(label.into()), title: Some(format!("标题 {number}")), ..doc }
    }
}

impl Source for Generated {
    fn documents(&self) -> Result<Documents<'_>> {
        Ok(Box::new((0..self.0).map(|number| Ok(Self::document(number)))))
    }

    fn describe(&self) -> String {
        format!("{} generated documents", self.0)
    }
}

/// Peak resident memory in MiB, where the system tells.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let store = Store::open(arguments.next().unwrap_or_else(|| "target/generated".into()))?;
    let mut number = || arguments.next().and_then(|text| text.parse::<usize>().ok());
    let documents = number().unwrap_or(200_000) - number().unwrap_or(0);
    let start = std::time::Instant::now();
    let collected = collect(&Generated(documents), &store, "generated", &Silent)?;
    println!(
        "collected {} in {:.1} s, peak {} MiB",
        collected.documents,
        start.elapsed().as_secs_f64(),
        peak()
    );
    let start = std::time::Instant::now();
    let config = CurateConfig::default();
    let report = curate(&store.raw("generated")?, &config, Seed(42), &store, "generated", &Silent)?;
    println!("curated in {:.1} s, peak {} MiB: {report:?}", start.elapsed().as_secs_f64(), peak());
    let start = std::time::Instant::now();
    let rows = Dataset::open(store.dataset("generated")?)?.rows(None).count();
    println!("read {rows} rows in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}
