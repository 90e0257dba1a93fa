//! Counting the words of a corpus: as a stream, on all threads, with the same result on any number of them.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::{Error, Result};

/// Texts that are split at once, in parallel.
const CHUNK: usize = 1024;

/// How often a word occurs, and where first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) count: u64,
    first: u64,
}

/// Each word with its count; `split` gives a text's words in their order.
pub(crate) fn count(
    texts: &mut dyn Iterator<Item = String>,
    split: impl Fn(&str) -> Result<Vec<String>> + Sync,
) -> Result<HashMap<String, Seen>> {
    let (mut counts, mut at, mut texts_seen): (HashMap<String, Seen>, u64, usize) = (HashMap::new(), 0, 0);
    loop {
        let chunk: Vec<String> = (&mut *texts).take(CHUNK).collect();
        if chunk.is_empty() {
            break;
        }
        texts_seen += chunk.len();
        let words: Vec<Vec<String>> = chunk.par_iter().map(|text| split(text)).collect::<Result<_>>()?;
        for word in words.into_iter().flatten() {
            counts.entry(word).or_insert(Seen { count: 0, first: at }).count += 1;
            at += 1;
        }
    }
    if counts.is_empty() {
        let why = match texts_seen {
            0 => "there is no text".to_owned(),
            seen => format!("none of {seen} texts has a word"),
        };
        return Err(Error::EmptyCorpus { why });
    }
    Ok(counts)
}

/// Words by falling count; of equal ones the first seen first.
pub(crate) fn by_frequency(counts: HashMap<String, Seen>) -> Vec<(String, u64)> {
    let mut words: Vec<(String, Seen)> = counts.into_iter().collect();
    words.sort_unstable_by_key(|(_, seen)| (std::cmp::Reverse(seen.count), seen.first));
    words.into_iter().map(|(word, seen)| (word, seen.count)).collect()
}

/// Words in the order of their bytes.
pub(crate) fn by_bytes(counts: HashMap<String, Seen>) -> Vec<(String, u64)> {
    let mut words: Vec<(String, u64)> = counts.into_iter().map(|(word, seen)| (word, seen.count)).collect();
    words.sort_unstable();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequency_first_then_first_seen() {
        let texts = ["b a", "c c", "a d"].map(str::to_owned);
        let split = |text: &str| Ok(text.split(' ').map(str::to_owned).collect());
        let counts = count(&mut texts.into_iter(), split).unwrap();
        let words: Vec<String> = by_frequency(counts).into_iter().map(|(word, _)| word).collect();
        assert_eq!(words, ["a", "c", "b", "d"]);
    }
}
