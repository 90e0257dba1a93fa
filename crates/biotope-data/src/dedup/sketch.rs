//! What is kept of a text: a hash of the whole, the band keys of its signature, and its shingles until they are shelved.

use txtfp::{
    Canonicalizer, CanonicalizerBuilder, CaseFold, Fingerprinter, MinHashFingerprinter, Normalization,
    ShingleTokenizer, Tokenizer, WordTokenizer,
};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::dedup::DedupConfig;

/// The sketch of one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// Hash of the words: equal for texts that differ in case, punctuation or spaces only.
    pub exact: [u8; 16],
    /// One key per band of the signature.
    pub bands: Vec<u32>,
    /// Hashes of the distinct shingles, ascending.
    pub shingles: Vec<u64>,
}

/// Makes sketches; shared by threads.
#[derive(Debug)]
pub struct Sketcher {
    canonical: Canonicalizer,
    tokens: ShingleTokenizer<WordTokenizer>,
    permutations: usize,
    rows: usize,
}

impl Sketcher {
    /// A sketcher for that configuration.
    pub fn new(config: &DedupConfig) -> Self {
        let tokens = ShingleTokenizer { k: config.shingle, inner: WordTokenizer };
        let rows = rows(config.threshold, config.permutations);
        Self { canonical: Canonicalizer::default(), tokens, permutations: config.permutations, rows }
    }

    /// The sketch of a text. Pure.
    pub fn sketch(&self, text: &str) -> Sketch {
        let canonical = self.canonical.canonicalize(text);
        let mut hasher = blake3::Hasher::new();
        WordTokenizer.for_each_token(&canonical, &mut |word| {
            hasher.update(word.as_bytes());
            hasher.update(b" ");
        });
        let mut exact = [0; 16];
        exact.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        let mut shingles = Vec::new();
        self.tokens.for_each_token(&canonical, &mut |shingle| shingles.push(xxh3_64(shingle.as_bytes())));
        shingles.sort_unstable();
        shingles.dedup();
        Sketch { exact, bands: self.bands(&canonical), shingles }
    }

    fn bands(&self, canonical: &str) -> Vec<u32> {
        let signature = match self.permutations {
            64 => self.signature::<64>(canonical),
            256 => self.signature::<256>(canonical),
            _ => self.signature::<128>(canonical),
        };
        let band = |(index, rows): (usize, &[u64])| {
            let bytes: Vec<u8> = rows.iter().flat_map(|slot| slot.to_le_bytes()).collect();
            xxh3_64_with_seed(&bytes, index as u64) as u32
        };
        signature.chunks(self.rows).enumerate().map(band).collect()
    }

    fn signature<const H: usize>(&self, canonical: &str) -> Vec<u64> {
        let plain = CanonicalizerBuilder {
            normalization: Normalization::None,
            case_fold: CaseFold::None,
            ..CanonicalizerBuilder::default()
        };
        let print: MinHashFingerprinter<_, H> = MinHashFingerprinter::new(plain.build(), self.tokens.clone());
        // A text without a word has no signature; such texts are equal by their hash.
        print.fingerprint(canonical).map_or_else(|_| vec![u64::MAX; H], |signature| signature.hashes.to_vec())
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
    }

    #[test]
    fn case_punctuation_and_spaces_do_not_count() {
        let sketcher = Sketcher::new(&DedupConfig::default());
        let a = sketcher.sketch("Wheat rises, on\nexport hopes today!");
        let b = sketcher.sketch("WHEAT rises on export  hopes today");
        assert_eq!(a, b);
        assert_eq!(a.shingles.len(), 2);
        assert_ne!(a.exact, sketcher.sketch("Wheat rises on export hope today").exact);
    }

    #[test]
    fn a_chinese_shingle_is_five_characters() {
        let sketcher = Sketcher::new(&DedupConfig::default());
        assert_eq!(sketcher.sketch("小麦期货周一上涨").shingles.len(), 4);
        assert!(sketcher.sketch("").shingles.is_empty());
    }
}
