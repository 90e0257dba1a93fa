//! Documents that contain a document of the test split, though they are no near-duplicates of it: an article that quotes
//! a dispatch in full, a digest of several.
//!
//! Containment is the share of the test document's shingles that the other has, too (Broder 1997). Of each test
//! document the sixteen smallest shingles are looked up; who has a quarter of them is checked on the true sets. A document
//! that contains 80 % of another is overlooked with a probability below 10⁻⁶.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::Result;
use crate::dedup::shelf::{Shelf, shared};

/// Shingles of a test document that are looked up.
const PROBES: usize = 16;
/// A shorter text is a phrase that others may say, too.
const FEWEST: usize = 8;

/// A document that contains a test document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Leak {
    /// Number of the document.
    pub(crate) index: u32,
    /// Number of the test document of which it contains most.
    pub(crate) test: u32,
    /// How much of it.
    pub(crate) share: f64,
}

/// Leaks among `others` of at least `least`, in the order of `others`.
pub(crate) fn find(shelf: &Shelf, tests: &[u32], others: &[u32], least: f64) -> Result<Vec<Leak>> {
    let mut probes: HashMap<u64, Vec<u32>> = HashMap::new();
    for test in tests.iter().filter(|test| shelf.len(**test) >= FEWEST as u64) {
        for probe in shelf.get(*test)?.into_iter().take(PROBES) {
            probes.entry(probe).or_default().push(*test);
        }
    }
    if probes.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<Option<Leak>> =
        others.par_iter().map(|other| worst(shelf, &probes, *other, least)).collect::<Result<_>>()?;
    Ok(found.into_iter().flatten().collect())
}

fn worst(shelf: &Shelf, probes: &HashMap<u64, Vec<u32>>, index: u32, least: f64) -> Result<Option<Leak>> {
    let set = shelf.get(index)?;
    let mut hits: Vec<u32> = set.iter().filter_map(|hash| probes.get(hash)).flatten().copied().collect();
    hits.sort_unstable();
    let mut worst: Option<Leak> = None;
    for same in hits.chunk_by(|a, b| a == b) {
        let (test, all) = (same[0], shelf.len(same[0]));
        if same.len() * 4 < PROBES.min(all as usize) {
            continue;
        }
        let share = shared(&set, &shelf.get(test)?) as f64 / all as f64;
        if share >= least && worst.is_none_or(|worst| share > worst.share) {
            worst = Some(Leak { index, test, share });
        }
    }
    Ok(worst)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dedup::{DedupConfig, Sketcher};

    #[test]
    fn who_quotes_a_test_document_in_full_is_found_and_who_quotes_a_sentence_is_not() {
        let word = |n: usize| format!("w{} ", n * n % 9973);
        let text = |range: std::ops::Range<usize>| range.map(word).collect::<String>();
        let chinese: String = (0..60u32).filter_map(|n| char::from_u32(0x4e00 + n * n % 3000)).collect();
        let texts = [
            text(0..60),
            chinese.clone(),
            text(500..900) + &text(0..60) + &text(900..1200),
            text(2000..2400) + &text(0..20),
            format!("{}{chinese}{}", "甲".repeat(100), "乙".repeat(100)),
            "w1 w4 w9".into(),
        ];
        let sketcher = Sketcher::new(&DedupConfig::default());
        let mut shelf = Shelf::new(None).unwrap();
        for text in &texts {
            shelf.push(&sketcher.sketch(text).shingles).unwrap();
        }
        shelf.flush().unwrap();
        let leaks = find(&shelf, &[0, 1, 5], &[2, 3, 4], 0.8).unwrap();
        assert_eq!(leaks.iter().map(|leak| (leak.index, leak.test)).collect::<Vec<_>>(), [(2, 0), (4, 1)]);
        assert!(leaks.iter().all(|leak| leak.share == 1.0), "{leaks:?}");
    }
}
