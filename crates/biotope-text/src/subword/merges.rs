//! Byte-pair merges (Sennrich et al. 2016), for BPE and, with the prefix `##`, for `WordPiece`.
//!
//! The same algorithm as in the tokenizers library, whose trainer walks hash maps with random seeds and gives other ids
//! on every run. Here every order is fixed: symbols by their characters, pairs by count and then by ids.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};

/// What to learn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'a> {
    /// Tokens in front, from id 0.
    pub(crate) specials: &'a [&'a str],
    /// Characters that are in the vocabulary whether they occur or not.
    pub(crate) alphabet: &'a [char],
    /// Put before every symbol that does not begin a word.
    pub(crate) prefix: &'a str,
    /// Most tokens in all.
    pub(crate) vocab_size: usize,
    /// A pair that occurs less often is not merged.
    pub(crate) min_frequency: u64,
}

/// A vocabulary in the order of its ids, and the merges in the order in which they apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Merged {
    pub(crate) tokens: Vec<String>,
    pub(crate) merges: Vec<(String, String)>,
}

/// A character that found no room: no pair reaches over it.
const NONE: u32 = u32::MAX;

type Pair = (u32, u32);

/// Learns from words with their counts; the words' order decides nothing.
pub(crate) fn learn_merges(words: &[(String, u64)], plan: Plan<'_>) -> Merged {
    let mut learner = Learner::new(words, plan);
    while learner.tokens.len() < plan.vocab_size {
        let Some(pair) = learner.best(plan.min_frequency.max(1)) else { break };
        learner.merge(pair, plan.prefix);
    }
    Merged { tokens: learner.tokens, merges: learner.merges }
}

#[derive(Debug, Default)]
struct Occurrences {
    count: u64,
    /// Words that hold the pair, or held it once.
    words: Vec<u32>,
}

struct Learner {
    tokens: Vec<String>,
    ids: HashMap<String, u32>,
    merges: Vec<(String, String)>,
    words: Vec<(Vec<u32>, u64)>,
    pairs: HashMap<Pair, Occurrences>,
    queue: BinaryHeap<(u64, Reverse<Pair>)>,
}

impl Learner {
    fn new(words: &[(String, u64)], plan: Plan<'_>) -> Self {
        let tokens = symbols(words, plan);
        let ids: HashMap<String, u32> =
            tokens.iter().enumerate().map(|(id, token)| (token.clone(), id as u32)).collect();
        let spell = |word: &str| -> Vec<u32> {
            let id = |(at, c): (usize, char)| ids.get(&symbol(at, c, plan.prefix)).copied().unwrap_or(NONE);
            word.chars().enumerate().map(id).collect()
        };
        let words: Vec<_> = words.iter().map(|(word, count)| (spell(word), *count)).collect();
        let mut learner =
            Self { tokens, ids, merges: Vec::new(), words, pairs: HashMap::new(), queue: BinaryHeap::new() };
        for word in 0..learner.words.len() {
            learner.add(word as u32, &mut HashSet::new());
        }
        learner.queue = learner.pairs.iter().map(|(pair, seen)| (seen.count, Reverse(*pair))).collect();
        learner
    }

    /// The most frequent pair; of equal ones that with the smallest ids.
    fn best(&mut self, least: u64) -> Option<Pair> {
        while let Some((count, Reverse(pair))) = self.queue.pop() {
            let now = self.pairs.get(&pair).map_or(0, |seen| seen.count);
            if now == count && now >= least {
                return Some(pair);
            }
            if now < count && now >= least {
                self.queue.push((now, Reverse(pair)));
            }
        }
        None
    }

    fn merge(&mut self, pair: Pair, prefix: &str) {
        let (left, right) = (self.tokens[pair.0 as usize].clone(), self.tokens[pair.1 as usize].clone());
        let token = format!("{left}{}", right.strip_prefix(prefix).unwrap_or(&right));
        self.merges.push((left, right));
        let new = *self.ids.entry(token.clone()).or_insert_with(|| {
            self.tokens.push(token);
            self.tokens.len() as u32 - 1
        });
        let mut touched = HashSet::new();
        for word in self.pairs.remove(&pair).map(|seen| seen.words).unwrap_or_default() {
            self.forget(word);
            replace(&mut self.words[word as usize].0, pair, new);
            self.add(word, &mut touched);
        }
        self.pairs.remove(&pair);
        let counted =
            touched.into_iter().filter_map(|pair| Some((self.pairs.get(&pair)?.count, Reverse(pair))));
        self.queue.extend(counted);
    }

    fn forget(&mut self, word: u32) {
        let (symbols, count) = &self.words[word as usize];
        for pair in symbols.windows(2) {
            if let Some(seen) = self.pairs.get_mut(&(pair[0], pair[1])) {
                seen.count -= count;
            }
        }
    }

    fn add(&mut self, word: u32, touched: &mut HashSet<Pair>) {
        let (symbols, count) = &self.words[word as usize];
        for pair in symbols.windows(2).filter(|pair| !pair.contains(&NONE)) {
            let pair = (pair[0], pair[1]);
            let seen = self.pairs.entry(pair).or_default();
            seen.count += count;
            if seen.words.last() != Some(&word) {
                seen.words.push(word);
            }
            touched.insert(pair);
        }
    }
}

/// Replaces a pair from left to right.
fn replace(symbols: &mut Vec<u32>, pair: Pair, new: u32) {
    let (mut from, mut to) = (0, 0);
    while from < symbols.len() {
        let hit = symbols[from] == pair.0 && symbols.get(from + 1) == Some(&pair.1);
        symbols[to] = if hit { new } else { symbols[from] };
        from += if hit { 2 } else { 1 };
        to += 1;
    }
    symbols.truncate(to);
}

fn symbol(at: usize, c: char, prefix: &str) -> String {
    if at == 0 { c.to_string() } else { format!("{prefix}{c}") }
}

/// Special tokens, then characters that begin words, then characters that go on: the most frequent that have room.
fn symbols(words: &[(String, u64)], plan: Plan<'_>) -> Vec<String> {
    let mut counts: BTreeMap<char, (u64, bool)> =
        plan.alphabet.iter().map(|c| (*c, (u64::MAX, false))).collect();
    for (word, count) in words {
        for (at, c) in word.chars().enumerate() {
            let (all, goes_on) = counts.entry(c).or_default();
            *all = all.saturating_add(*count);
            *goes_on |= at > 0 && !plan.prefix.is_empty();
        }
    }
    let mut ranked: Vec<_> =
        counts.iter().map(|(c, (count, goes_on))| (Reverse(*count), *c, *goes_on)).collect();
    ranked.sort_unstable();
    let mut room = plan.vocab_size.saturating_sub(plan.specials.len());
    ranked.retain(|(_, _, goes_on)| {
        let need = 1 + usize::from(*goes_on);
        let fits = need <= room;
        room = if fits { room - need } else { 0 };
        fits
    });
    ranked.sort_unstable_by_key(|(_, c, _)| *c);
    let mut tokens: Vec<String> = plan.specials.iter().map(|token| (*token).to_owned()).collect();
    tokens.extend(ranked.iter().map(|(_, c, _)| c.to_string()));
    tokens
        .extend(ranked.iter().filter(|(_, _, goes_on)| *goes_on).map(|(_, c, _)| symbol(1, *c, plan.prefix)));
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(words: &[(&str, u64)], prefix: &str, vocab_size: usize) -> Merged {
        let words: Vec<_> = words.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect();
        learn_merges(&words, Plan { specials: &["[U]"], alphabet: &[], prefix, vocab_size, min_frequency: 1 })
    }

    #[test]
    fn the_most_frequent_pair_first_and_ties_by_id() {
        let merged = learn(&[("low", 5), ("lower", 2), ("new", 6)], "", 11);
        assert_eq!(merged.tokens, ["[U]", "e", "l", "n", "o", "r", "w", "lo", "low", "ew", "new"]);
        let look: Vec<String> = merged.merges.iter().map(|(a, b)| format!("{a}+{b}")).collect();
        assert_eq!(look, ["l+o", "lo+w", "e+w", "n+ew"]);
    }

    #[test]
    fn runs_of_one_character_merge_from_the_left() {
        let merged = learn(&[("aaaaa", 3)], "", 20);
        assert_eq!(merged.tokens, ["[U]", "a", "aa", "aaa", "aaaaa"]);
    }

    #[test]
    fn a_prefix_marks_what_goes_on() {
        let merged = learn(&[("ab", 3), ("b", 1)], "##", 20);
        assert_eq!(merged.tokens, ["[U]", "a", "b", "##b", "ab"]);
    }

    #[test]
    fn rare_characters_give_way_when_there_is_no_room() {
        let merged = learn(&[("甲乙", 5), ("丙乙", 1)], "", 3);
        assert_eq!(merged.tokens, ["[U]", "乙", "甲"]);
        assert_eq!(merged.merges, []);
    }
}
