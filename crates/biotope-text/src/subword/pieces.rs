//! Unigram pieces (Kudo 2018) by the tokenizers library's trainer, made repeatable.
//!
//! The trainer sums over threads in the order in which they finish and gives rare characters their scores in the order
//! of a hash set. So it runs on one thread, over sorted words, and the scores of rare characters are dealt out again.

use std::collections::BTreeMap;

use tokenizers::models::unigram::{Unigram, UnigramTrainer};

use super::SPECIALS;
use crate::{Error, Result};

/// Longer runs without a space are cut: the trainer's probabilities must not vanish.
const LONGEST: usize = 128;

/// Pieces with their log-probabilities, special tokens first.
pub(crate) fn learn_pieces(words: &[(String, u64)], vocab_size: usize) -> Result<Vec<(String, f64)>> {
    let sentences = sentences(words, vocab_size);
    let trainer = UnigramTrainer::builder()
        .show_progress(false)
        .vocab_size(vocab_size as u32)
        .special_tokens(SPECIALS.iter().map(|token| tokenizers::AddedToken::from(*token, true)).collect())
        .unk_token(Some(SPECIALS[1].to_owned()))
        .build()
        .map_err(|error| Error::Tokenizer { doing: "set a unigram trainer up", source: Box::new(error) })?;
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let alone =
        alone.map_err(|error| Error::Tokenizer { doing: "start a thread", source: Box::new(error) })?;
    let mut model = Unigram::default();
    alone
        .install(|| trainer.do_train(sentences, &mut model))
        .map_err(Error::tokenizer("train a unigram model"))?;
    Ok(settled(model.iter().cloned().collect()))
}

/// Words without the rarest characters (nine tenths of the vocabulary are room for characters), cut to a length.
fn sentences(words: &[(String, u64)], vocab_size: usize) -> Vec<(String, u32)> {
    let mut characters: BTreeMap<char, u64> = BTreeMap::new();
    for (word, count) in words {
        for c in word.chars() {
            *characters.entry(c).or_default() += count;
        }
    }
    let mut ranked: Vec<_> = characters.iter().map(|(c, count)| (std::cmp::Reverse(*count), *c)).collect();
    ranked.sort_unstable();
    let room = (vocab_size - SPECIALS.len()) * 9 / 10;
    for (_, c) in ranked.iter().skip(room) {
        characters.remove(c);
    }
    let mut cut: BTreeMap<String, u64> = BTreeMap::new();
    for (word, count) in words {
        let known: Vec<char> = word.chars().filter(|c| characters.contains_key(c)).collect();
        known.chunks(LONGEST).for_each(|part| *cut.entry(part.iter().collect()).or_default() += count);
    }
    let total: u64 = cut.values().sum();
    let shrink = (total / (1 << 24)).max(1); // the trainer multiplies counts in 32 bits
    cut.into_iter().map(|(word, count)| (word, count.div_ceil(shrink) as u32)).collect()
}

/// Deals the scores of characters that the model had lost (`min + k * 0.0001`) out in the order of the characters, sorts,
/// and rounds to what a file holds exactly.
fn settled(mut vocab: Vec<(String, f64)>) -> Vec<(String, f64)> {
    let mut pieces = vocab.split_off(SPECIALS.len());
    let least = pieces.iter().map(|(_, score)| *score).fold(f64::INFINITY, f64::min);
    let (mut ladder, mut step) = (Vec::new(), 0.0);
    for _ in 0..pieces.len() {
        ladder.push(least + step);
        step += 0.0001;
    }
    let lost = |(piece, score): &(String, f64)| {
        piece.chars().count() == 1 && ladder.binary_search_by(|rung| rung.total_cmp(score)).is_ok()
    };
    let (mut rare, kept): (Vec<_>, Vec<_>) = pieces.into_iter().partition(lost);
    let mut scores: Vec<f64> = rare.iter().map(|(_, score)| *score).collect();
    scores.sort_unstable_by(|a, b| b.total_cmp(a));
    rare.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    for ((_, score), dealt) in rare.iter_mut().zip(scores) {
        *score = dealt;
    }
    pieces = kept.into_iter().chain(rare).collect();
    for (_, score) in &mut pieces {
        *score = (*score * 1e6).round() / 1e6;
    }
    pieces.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    vocab.extend(pieces);
    vocab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_characters_get_their_scores_in_order_whatever_the_trainer_did() {
        let vocab = |rare: [&str; 3]| {
            let mut vocab: Vec<(String, f64)> = SPECIALS.iter().map(|s| ((*s).to_owned(), 0.0)).collect();
            vocab.push(("the".to_owned(), -1.5));
            vocab.push(("e".to_owned(), -2.5));
            let mut step = 0.0;
            for piece in rare {
                vocab.push((piece.to_owned(), -9.0 + step));
                step += 0.0001;
            }
            vocab
        };
        assert_eq!(settled(vocab(["x", "y", "龙"])), settled(vocab(["龙", "x", "y"])));
        assert_eq!(settled(vocab(["x", "y", "龙"]))[7], ("x".to_owned(), -8.9998));
    }
}
