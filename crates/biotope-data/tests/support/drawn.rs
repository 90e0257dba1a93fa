//! Texts drawn from a number alone, for tests and examples.

#[rustfmt::skip]
const WORDS: &[&str] = &[
    "wheat", "traders", "harvest", "export", "prices", "market", "Chicago", "Monday", "tonnes", "demand", "rose", "fell",
    "after", "before", "while", "ministry", "report", "season", "growers", "shipments", "quarter", "profit", "shares",
    "net", "loss", "oil", "crude", "barrel", "output", "gold", "silver", "bank", "rate", "dollar", "yen",
];

/// As many of the things as are asked for, the same for the same number.
pub(crate) fn drawn<T: Copy>(number: usize, count: usize, things: &[T]) -> Vec<T> {
    let mut bytes = vec![0; count];
    blake3::Hasher::new().update(&number.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes.into_iter().map(|byte| things[usize::from(byte) % things.len()]).collect()
}

/// As many English words as are asked for, the same for the same number.
pub(crate) fn words(number: usize, count: usize) -> Vec<&'static str> {
    drawn(number, count, WORDS)
}
