//! Curates a JSON lines file as a large corpus would be: extraction if the texts are pages, language, quality filters,
//! personal data, near-duplicates. Says how many documents a second.
//!
//! `cargo run --release -p biotope-data --example curate_lines -- FILE.jsonl STORE [html]`, one thread with
//! `RAYON_NUM_THREADS=1`. `tests/bench/peers/curate_text.py` writes such files and has the same pipeline in datatrove.

use std::time::Instant;

use biotope_core::{Component, Document, MediaType, Seed, Silent};
use biotope_data::{CurateConfig, Documents, Result, Source, Store, build_source, curate_from};

/// Pages instead of texts.
struct Pages(Box<dyn Source>);

impl Source for Pages {
    fn documents(&self) -> Result<Documents<'_>> {
        let page = |doc: Document| Document { media: MediaType::Html, ..doc };
        Ok(Box::new(self.0.documents()?.map(move |doc| doc.map(page))))
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}

fn config(html: bool) -> CurateConfig {
    let english = Component::new("identify-language").with("languages", ["en"].map(String::from).to_vec());
    let mut steps = vec![
        english,
        Component::new("filter-gopher-repetition"),
        Component::new("filter-gopher-quality"),
        Component::new("filter-c4"),
        Component::new("filter-fineweb"),
        Component::new("mask-personal-data"),
    ];
    if html {
        steps.insert(0, Component::new("extract-article"));
    }
    CurateConfig { steps, ..CurateConfig::default() }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, store, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: curate_lines FILE.jsonl STORE [html]");
        std::process::exit(2);
    };
    let html = rest.first().is_some_and(|word| word == "html");
    let source = build_source(&Component::new("json-lines").with("path", file.as_str()))?;
    let source: Box<dyn Source> = if html { Box::new(Pages(source)) } else { source };
    let start = Instant::now();
    let report =
        curate_from(source.as_ref(), &config(html), Seed(42), &Store::open(store)?, "lines", &Silent)?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{{\"documents\": {}, \"kept\": {}, \"seconds\": {seconds:.3}, \"documents_per_second\": {:.1}}}",
        report.seen,
        report.documents,
        report.seen as f64 / seconds
    );
    eprintln!("{report:?}");
    Ok(())
}
