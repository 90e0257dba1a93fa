//! The model of letter sequences: read once, asked without allocation.

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;

use super::Identified;
use super::script::Shared;

/// Made by `make_profile.py`, which says what it holds.
const BYTES: &[u8] = include_bytes!("profile.bin.gz");

static PROFILE: LazyLock<Profile> =
    LazyLock::new(|| Profile::read(BYTES).expect("the file is part of the program"));

/// Most languages that a profile may have.
const MOST: usize = 64;

/// Weights are eighths of a natural logarithm; sequences overlap, so that each letter is counted about three times.
const SCALE: f64 = 8.0 * 3.0;

/// Weights of letter sequences by language.
#[derive(Debug)]
pub(super) struct Profile {
    languages: Vec<(String, Shared)>,
    /// Open table: hash of the sequence, and where its pairs begin and end.
    slots: Vec<(u32, u32, u32)>,
    pairs: Vec<(u8, u8)>,
}

impl Profile {
    pub(super) fn get() -> &'static Self {
        &PROFILE
    }

    pub(super) fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.iter().map(|(tag, _)| tag.as_str())
    }

    fn read(packed: &[u8]) -> std::io::Result<Self> {
        let mut bytes = Vec::new();
        GzDecoder::new(packed).read_to_end(&mut bytes)?;
        let mut rest = bytes.as_slice();
        let languages = (0..u16::from_le_bytes(take(&mut rest)?)).map(|_| {
            let [length] = take(&mut rest)?;
            let mut tag = vec![0; usize::from(length)];
            rest.read_exact(&mut tag)?;
            let tag = String::from_utf8_lossy(&tag).into_owned();
            let script = script(&tag);
            Ok((tag, script))
        });
        let languages = languages.collect::<std::io::Result<Vec<_>>>()?;
        assert!(languages.len() <= MOST, "{} languages, room for {MOST}", languages.len());
        let count = u32::from_le_bytes(take(&mut rest)?) as usize;
        let mut profile =
            Self { languages, slots: vec![(0, 0, 0); (count * 2).next_power_of_two()], pairs: Vec::new() };
        for _ in 0..count {
            let hash = u32::from_le_bytes(take(&mut rest)?);
            let [pairs] = take(&mut rest)?;
            let start = profile.pairs.len() as u32;
            for _ in 0..pairs {
                let [language, weight] = take(&mut rest)?;
                profile.pairs.push((language, weight));
            }
            profile.insert(hash, start, profile.pairs.len() as u32);
        }
        Ok(profile)
    }

    fn insert(&mut self, hash: u32, start: u32, end: u32) {
        let mask = self.slots.len() - 1;
        let mut at = place(hash) & mask;
        while self.slots[at].2 != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = (hash, start, end);
    }

    fn pairs(&self, hash: u32) -> &[(u8, u8)] {
        let mask = self.slots.len() - 1;
        let mut at = place(hash) & mask;
        loop {
            let (known, start, end) = self.slots[at];
            if end == 0 {
                return &[];
            }
            if known == hash {
                return &self.pairs[start as usize..end as usize];
            }
            at = (at + 1) & mask;
        }
    }

    /// The likeliest language of that script.
    pub(super) fn identify(
        &'static self,
        parts: &[&str],
        script: Shared,
        letters: usize,
    ) -> Option<Identified> {
        let mut scores = [0u32; MOST];
        let mut window = Window::default();
        let mut left = letters;
        for c in parts.iter().flat_map(|part| part.chars().chain([' '])) {
            if left == 0 {
                break;
            }
            for letter in c.to_lowercase() {
                if letter.is_alphabetic() || matches!(letter, '\u{93a}'..='\u{94f}' | '\u{900}'..='\u{903}') {
                    left = left.saturating_sub(1);
                    window.push(letter);
                    for hash in window.hashes() {
                        for (language, weight) in self.pairs(hash) {
                            scores[usize::from(*language)] += u32::from(*weight);
                        }
                    }
                } else {
                    window.clear();
                }
            }
        }
        self.best(&scores, script)
    }

    fn best(&'static self, scores: &[u32; MOST], script: Shared) -> Option<Identified> {
        let rivals = || self.languages.iter().zip(scores).filter(|((_, of), _)| *of == script);
        let ((tag, _), best) = rivals().max_by_key(|(_, score)| **score)?;
        let odds: f64 =
            rivals().map(|(_, score)| ((f64::from(*score) - f64::from(*best)) / SCALE).exp()).sum();
        Some(Identified { language: tag, confidence: 1.0 / odds })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    rest.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn place(hash: u32) -> usize {
    hash.wrapping_mul(0x9e37_79b1) as usize >> 8
}

fn script(tag: &str) -> Shared {
    match tag {
        "be" | "bg" | "kk" | "mk" | "mn" | "ru" | "sr" | "uk" => Shared::Cyrillic,
        "ar" | "fa" | "ur" => Shared::Arabic,
        "hi" | "mr" => Shared::Devanagari,
        _ => Shared::Latin,
    }
}

/// The last letters of a word, and running hashes of the sequences that end with the last one.
#[derive(Default)]
struct Window {
    letters: [char; 4],
    count: usize,
}

impl Window {
    fn clear(&mut self) {
        self.count = 0;
    }

    fn push(&mut self, letter: char) {
        self.letters = [self.letters[1], self.letters[2], self.letters[3], letter];
        self.count += 1;
    }

    /// Hashes (FNV-1a) of the last two, three and four letters.
    fn hashes(&self) -> impl Iterator<Item = u32> + use<'_> {
        (2..=self.count.min(4)).map(|length| {
            let mut hash = 0x811c_9dc5u32;
            for letter in &self.letters[4 - length..] {
                let mut bytes = [0; 4];
                for byte in letter.encode_utf8(&mut bytes).bytes() {
                    hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
                }
            }
            hash
        })
    }
}
