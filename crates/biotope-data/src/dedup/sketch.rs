//! What is kept of a text: a hash of the whole, the band keys of its signature, and its shingles until they are shelved.

use serde::{Deserialize, Serialize};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::dedup::DedupConfig;
use crate::words::is_unspaced;

/// The sketch of one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sketch {
    /// Hash of the words: equal for texts that differ in case, punctuation or spaces only.
    pub exact: [u8; 16],
    /// One key per band of the signature.
    pub bands: Vec<u32>,
    /// Hashes of the distinct shingles, ascending.
    pub shingles: Vec<u64>,
}

/// Makes sketches; shared by threads.
///
/// A shingle's hash is a polynomial over the hashes (XXH3) of its words, so that each costs one product however long it
/// is; a signature takes the smallest of `a·x + b` for each of its permutations (Dietzfelbinger's multiply-add-shift),
/// whose `a` and `b` come from a constant, so that sketches of different days and machines are equal.
#[derive(Debug)]
pub struct Sketcher {
    shingle: usize,
    rows: usize,
    bands: usize,
    factors: Vec<u64>,
    terms: Vec<u64>,
}

/// Odd and large; any such number would do.
const BASE: u64 = 0x9fb2_1c65_1e98_df25;

impl Sketcher {
    /// A sketcher for that configuration.
    pub fn new(config: &DedupConfig) -> Self {
        let (bands, rows) = config.layout();
        let draw = |index: usize, what: u64| xxh3_64_with_seed(&(index as u64).to_le_bytes(), what);
        let factors = (0..bands * rows).map(|index| draw(index, 1) | 1).collect();
        let terms = (0..bands * rows).map(|index| draw(index, 2)).collect();
        Self { shingle: config.shingle, rows, bands, factors, terms }
    }

    /// The sketch of a text. Pure.
    pub fn sketch(&self, text: &str) -> Sketch {
        let words = words(text);
        let bytes: Vec<u8> = words.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        let mut exact = [0; 16];
        exact.copy_from_slice(&blake3::hash(&bytes).as_bytes()[..16]);
        let mut shingles = self.shingles(&words);
        shingles.sort_unstable();
        shingles.dedup();
        Sketch { exact, bands: self.bands(&shingles), shingles }
    }

    /// Hashes of all runs of words; a text with fewer words is one run.
    fn shingles(&self, words: &[u64]) -> Vec<u64> {
        let length = self.shingle.min(words.len());
        if length == 0 {
            return Vec::new();
        }
        let power = BASE.wrapping_pow(length as u32);
        let step = |hash: u64, word: u64| hash.wrapping_mul(BASE).wrapping_add(word);
        let mut hash = words[..length].iter().fold(0, |hash, word| step(hash, *word));
        let mut all = Vec::with_capacity(words.len());
        all.push(mix(hash));
        for (at, word) in words[length..].iter().enumerate() {
            hash = step(hash, *word).wrapping_sub(words[at].wrapping_mul(power));
            all.push(mix(hash));
        }
        all
    }

    /// One key per band for a set of shingles.
    pub(crate) fn bands(&self, shingles: &[u64]) -> Vec<u32> {
        // A text without a word has the empty signature; such texts are equal by their hash.
        let mut signature = vec![u32::MAX; self.factors.len()];
        for shingle in shingles {
            let x = shingle >> 32;
            for ((slot, a), b) in signature.iter_mut().zip(&self.factors).zip(&self.terms) {
                *slot = (*slot).min((a.wrapping_mul(x).wrapping_add(*b) >> 32) as u32);
            }
        }
        let key = |(index, rows): (usize, &[u32])| {
            let bytes: Vec<u8> = rows.iter().flat_map(|slot| slot.to_le_bytes()).collect();
            xxh3_64_with_seed(&bytes, index as u64) as u32
        };
        let keys = signature.chunks(self.rows).enumerate().map(key);
        keys.take(self.bands).collect()
    }
}

/// Spreads a polynomial's value over all bits (the finaliser of `MurmurHash3`).
fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// Hashes of the words: letters and figures in lower case and compatibility form, one character each in Chinese.
fn words(text: &str) -> Vec<u64> {
    let text = fold(text);
    let bytes = text.as_bytes();
    let mut words = Vec::with_capacity(text.len() / 5);
    let (mut start, mut at) = (0, 0);
    let mut open = false;
    while at < bytes.len() {
        let (width, part, alone) = if bytes[at] < 128 {
            (1, bytes[at].is_ascii_alphanumeric(), false)
        } else {
            let c = text[at..].chars().next().unwrap_or(' ');
            (c.len_utf8(), c.is_alphanumeric(), is_unspaced(c))
        };
        if open && (!part || alone) {
            words.push(xxh3_64(&bytes[start..at]));
            open = false;
        }
        if alone && part {
            words.push(xxh3_64(&bytes[at..at + width]));
        } else if part && !open {
            (start, open) = (at, true);
        }
        at += width;
    }
    if open {
        words.push(xxh3_64(&bytes[start..]));
    }
    words
}

fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else if is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        text.to_lowercase()
    } else {
        text.nfkc().collect::<String>().to_lowercase()
    }
}

/// Rows per band: the most that still find a pair at the threshold with a probability of at least 99.9 %.
///
/// A band of `r` rows agrees with probability `s^r`, one of `h / r` bands does with `1 - (1 - s^r)^(h/r)`.
pub(crate) fn rows(threshold: f64, permutations: usize) -> usize {
    let found = |rows: usize| 1.0 - (1.0 - threshold.powi(rows as i32)).powi((permutations / rows) as i32);
    [16, 8, 4, 2].into_iter().find(|rows| found(*rows) >= 0.999).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_follow_the_threshold() {
        assert_eq!((rows(0.8, 128), rows(0.95, 128), rows(0.5, 128), rows(0.1, 128)), (4, 8, 2, 1));
        let datatrove = DedupConfig { permutations: 112, bands: 14, ..DedupConfig::default() };
        assert_eq!(Sketcher::new(&datatrove).sketch("a b c d e f").bands.len(), 14);
    }

    #[test]
    fn case_punctuation_and_spaces_do_not_count() {
        let sketcher = Sketcher::new(&DedupConfig::default());
        let a = sketcher.sketch("Wheat rises, on\nexport hopes today!");
        let b = sketcher.sketch("WHEAT RISES on export  hopes today");
        assert_eq!(a, b);
        assert_eq!(a.shingles.len(), 2);
        assert_ne!(a.exact, sketcher.sketch("Wheat rises on export hope today").exact);
        assert_eq!(sketcher.sketch("ＧＤＰ up, Été"), sketcher.sketch("gdp UP e\u{301}te\u{301}"));
    }

    #[test]
    fn a_chinese_shingle_is_five_characters() {
        let sketcher = Sketcher::new(&DedupConfig::default());
        assert_eq!(sketcher.sketch("小麦期货周一上涨").shingles.len(), 4);
        assert_eq!(sketcher.sketch("小麦，期货GDP").shingles.len(), 1);
        assert!(sketcher.sketch("").shingles.is_empty());
        assert_eq!(sketcher.sketch("涨").shingles.len(), 1);
    }

    /// The share of equal slots estimates the Jaccard similarity (Broder 1997).
    #[test]
    fn bands_of_one_row_agree_as_often_as_sets_do() {
        let sketcher = Sketcher::new(&DedupConfig {
            permutations: 256,
            bands: 256,
            shingle: 1,
            ..DedupConfig::default()
        });
        for shared in [20, 50, 80] {
            let text =
                |from: usize| (from..from + 100).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
            let (a, b) = (sketcher.sketch(&text(0)), sketcher.sketch(&text(100 - shared)));
            let same = a.bands.iter().zip(&b.bands).filter(|(a, b)| a == b).count() as f64 / 256.0;
            let jaccard = shared as f64 / (200 - shared) as f64;
            assert!((same - jaccard).abs() < 0.1, "{same} for {jaccard}");
        }
    }
}
