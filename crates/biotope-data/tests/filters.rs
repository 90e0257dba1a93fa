//! The quality filters decide as datatrove's do, for the same reasons.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use biotope_core::{Component, Document};
use biotope_data::{Step, Verdict, build_step};
use serde_json::Value;

const EXPECTED: &str = include_str!("../../../tests/fixtures/reference/biotope-data/filters/expected.json");

/// How our reason begins where datatrove gives its name.
const REASONS: &[(&str, &str)] = &[
    ("gopher_short_doc", "too few words"),
    ("gopher_long_doc", "too many words"),
    ("gopher_below_avg_threshold", "mean length of words"),
    ("gopher_above_avg_threshold", "mean length of words"),
    ("gopher_too_many_hashes", "number signs per word"),
    ("gopher_too_many_ellipsis", "ellipses per word"),
    ("gopher_too_many_bullets", "lines that begin with a bullet"),
    ("gopher_too_many_end_ellipsis", "lines that end with an ellipsis"),
    ("gopher_below_alpha_threshold", "words with a letter"),
    ("gopher_enough_stop_words", "different stop words"),
    ("dup_para_frac", "repeated paragraphs"),
    ("dup_para_char_frac", "characters in repeated paragraphs"),
    ("dup_line_frac", "repeated lines"),
    ("dup_line_char_frac", "characters in repeated lines"),
    ("line_punct_ratio", "lines that end a sentence"),
    ("short_line_ratio", "short lines"),
    ("char_dup_ratio", "characters in repeated lines"),
    ("list_ratio", "line feeds per word"),
    ("empty", "no text"),
    ("too_few_sentences", "too few sentences"),
    ("lorem_ipsum", "it has lorem ipsum"),
    ("curly_bracket", "it has a curly bracket"),
];

fn ours(theirs: &str) -> String {
    if let Some(n) = theirs.strip_prefix("top_").and_then(|rest| rest.strip_suffix("_gram")) {
        return format!("characters in the most frequent run of {n} words");
    }
    if let Some(n) = theirs.strip_prefix("duplicated_").and_then(|rest| rest.strip_suffix("_n_grams")) {
        return format!("characters in repeated runs of {n} words");
    }
    let known = REASONS.iter().find(|(name, _)| *name == theirs);
    known.unwrap_or_else(|| panic!("no word for {theirs}")).1.to_owned()
}

/// Compares one filter on every text; returns how many were dropped.
fn compare(name: &str, key: &str) -> usize {
    let step: Box<dyn Step> = build_step(&Component::new(name)).unwrap();
    let rows: Vec<Value> = serde_json::from_str(EXPECTED).unwrap();
    let mut dropped = 0;
    for (number, row) in rows.iter().enumerate().filter(|(_, row)| row.get(key).is_some()) {
        let text = row["text"].as_str().unwrap();
        let told = format!("{name} on text {number}, {}", row["fault"]);
        match (step.apply(Document::new("a", text)), row[key].as_str()) {
            (Verdict::Keep(doc), None) => {
                let kept = row["kept"].as_str().filter(|_| key == "c4").unwrap_or(text);
                assert_eq!(doc.text, kept, "{told}");
            }
            (Verdict::Drop(_, reason), Some(theirs)) => {
                dropped += 1;
                assert!(reason.why.starts_with(&ours(theirs)), "{told}: {} for {theirs}", reason.why);
            }
            (ours, theirs) => panic!("{told}: {:?} for {theirs:?}\n{text}", ours.reason()),
        }
    }
    dropped
}

#[test]
fn decisions_and_reasons_are_those_of_datatrove() {
    assert!(compare("filter-gopher-quality", "quality") > 20);
    assert!(compare("filter-gopher-repetition", "repetition") > 30);
    assert!(compare("filter-fineweb", "fineweb") > 20);
    assert!(compare("filter-c4", "c4") > 12);
}
