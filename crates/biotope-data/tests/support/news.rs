//! Articles from memory, curated.

#[path = "drawn.rs"]
mod drawn;
#[path = "given.rs"]
mod given;

use std::path::Path;

use biotope_core::{Document, Seed, Silent};
use biotope_data::{CurateConfig, Dataset, Store, curate_from};
use given::Given;

/// One of many texts in two languages.
pub(crate) fn doc(number: usize) -> Document {
    let text = match number % 2 {
        0 => drawn::words(number, 60).join(" "),
        _ => drawn::drawn(
            number,
            90,
            &"小麦期货周一在芝加哥上涨交易员报告海外需求强劲".chars().collect::<Vec<_>>(),
        )
        .into_iter()
        .collect(),
    };
    let label = if number.is_multiple_of(3) { "grain" } else { "原油" };
    Document { label: Some(label.into()), ..Document::new(format!("https://news.example/{number}"), text) }
}

/// The newest version of `news` in the store of a folder, once these documents are curated.
pub(crate) fn curated(docs: Vec<Document>, config: &CurateConfig, folder: &Path) -> Dataset {
    let store = Store::open(folder).unwrap();
    curate_from(&Given(docs), config, Seed(42), &store, "news", &Silent).unwrap();
    Dataset::open(store.dataset("news").unwrap()).unwrap()
}
