//! Weighted bags of hashed n-grams: what a linear model needs to be hard to beat.
//!
//! Every n-gram is hashed (xxh3) into one of `2^bits` buckets; the buckets that occur in at least `min_df` training
//! documents become the rows of the model, numbered without gaps, so that a model is no larger than what was learned.

use std::path::Path;

use biotope_core::{Component, Config, Features, Invalid};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::FeaturizerConfig;
use crate::featurizer::head;
use crate::grams::{Shape, hashes};
use crate::idf::{Counter, FILE, Table};
use crate::subword::require_max_length;
use crate::{Error, Featurizer, Result, saved};

/// What an n-gram that occurs `n` times in a text weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weighting {
    /// 1.
    Binary,
    /// `n`, or `1 + ln n`.
    Tf,
    /// The same times `ln((1 + N) / (1 + df)) + 1` with `df` of `N` training documents holding it.
    #[default]
    Tfidf,
}

/// Options of the bag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ngrams {
    /// Longest run of words. On newswire of a few thousand articles words alone did best.
    pub words: usize,
    /// Longest run of Han characters.
    pub han: usize,
    /// Shortest piece of a word (0 with `char_max = 0`: no pieces).
    pub char_min: usize,
    /// Longest piece of a word.
    pub char_max: usize,
    /// Binary logarithm of the number of buckets.
    pub bits: u32,
    /// What an n-gram weighs.
    pub weighting: Weighting,
    /// Whether a repeated n-gram weighs `1 + ln n` instead of `n`.
    pub sublinear: bool,
    /// Buckets that fewer training documents hold are left out.
    pub min_df: u32,
    /// Whether a text's weights are scaled to length 1 (Euclid).
    pub normalize: bool,
    /// Whether letters lose their case.
    pub lowercase: bool,
    /// Most words (and Han characters) of a text that are read.
    pub max_length: usize,
}

impl Default for Ngrams {
    fn default() -> Self {
        Self {
            words: 1,
            han: 3,
            char_min: 0,
            char_max: 0,
            bits: 20,
            weighting: Weighting::Tfidf,
            sublinear: true,
            min_df: 2,
            normalize: true,
            lowercase: true,
            max_length: 8192,
        }
    }
}

impl Config for Ngrams {
    const NAME: &'static str = "ngrams";
    const SUMMARY: &'static str = "weighted bag of hashed n-grams of words and Han characters";

    fn check(&self) -> Result<(), Invalid> {
        within("words", self.words, 1, 5)?;
        within("han", self.han, 1, 5)?;
        within("bits", self.bits as usize, 8, 26)?;
        within("char_max", self.char_max, 0, 10)?;
        if self.char_max > 0 {
            within("char_min", self.char_min, 1, self.char_max)?;
        }
        require_max_length(self.max_length)
    }
}

fn within(field: &str, value: usize, least: usize, most: usize) -> Result<(), Invalid> {
    let good = (least..=most).contains(&value);
    if good { Ok(()) } else { Err(Invalid::new(field, format!("must be in {least}..={most}"), value)) }
}

/// Texts whose n-grams are found at once, in parallel.
const CHUNK: usize = 1024;

impl FeaturizerConfig for Ngrams {
    type Featurizer = Bags;

    fn train(self, texts: &mut dyn Iterator<Item = String>) -> Result<Bags> {
        let mut counter = Counter::new(self.bits);
        let mut seen = 0;
        loop {
            let chunk: Vec<String> = (&mut *texts).take(CHUNK).collect();
            if chunk.is_empty() {
                break;
            }
            seen += chunk.len();
            let found: Vec<Vec<u32>> = chunk.par_iter().map(|text| self.distinct(text)).collect();
            for buckets in &found {
                counter.add(buckets);
            }
        }
        let table = counter.finish(self.min_df);
        match (seen, table.len()) {
            (0, _) => Err(Error::EmptyCorpus { why: "there is no text".to_owned() }),
            (_, 0) => {
                let why = format!("no n-gram occurs in min_df = {} of {seen} texts", self.min_df);
                Err(Error::EmptyCorpus { why })
            }
            _ => Ok(Bags::new(self, table)),
        }
    }

    fn open(self, dir: &Path) -> Result<Bags> {
        let path = dir.join(FILE);
        let table = Table::open(&path, self.bits)?;
        match table.len() {
            0 => Err(Error::corrupted(&path, "it has no entry")),
            _ => Ok(Bags::new(self, table)),
        }
    }
}

impl Ngrams {
    fn buckets(&self, text: &str) -> Vec<u32> {
        let shape = Shape {
            words: self.words,
            han: self.han,
            characters: (self.char_min, self.char_max),
            lowercase: self.lowercase,
            max_length: self.max_length,
        };
        let found = hashes(head(text, self.max_length), shape);
        found.into_iter().map(|hash| (hash >> (64 - self.bits)) as u32).collect()
    }

    fn distinct(&self, text: &str) -> Vec<u32> {
        let mut buckets = self.buckets(text);
        buckets.sort_unstable();
        buckets.dedup();
        buckets
    }

    fn weight(&self, count: u32, idf: f64) -> f64 {
        let count = f64::from(count);
        let tf = if self.sublinear { 1.0 + count.ln() } else { count };
        match self.weighting {
            Weighting::Binary => 1.0,
            Weighting::Tf => tf,
            Weighting::Tfidf => tf * idf,
        }
    }
}

/// The featurizer of [`Ngrams`]. A text without any learned n-gram yields row 0 with weight 0.
#[derive(Clone, Debug)]
pub struct Bags {
    config: Ngrams,
    component: Component,
    table: Table,
}

impl Bags {
    fn new(config: Ngrams, table: Table) -> Self {
        Self { component: Component::of(&config), config, table }
    }
}

impl Featurizer for Bags {
    fn component(&self) -> &Component {
        &self.component
    }

    fn vocab_size(&self) -> usize {
        self.table.len()
    }

    fn text_features(&self, text: &str) -> Result<Features> {
        let found = self.config.buckets(text).into_iter().filter_map(|bucket| self.table.row(bucket));
        let mut found: Vec<u32> = found.collect();
        found.sort_unstable();
        if found.is_empty() {
            return Ok(Features::Bag { rows: vec![0], weights: vec![0.0] });
        }
        let equal = || found.chunk_by(|a, b| a == b);
        let weigh = |row: &[u32]| self.config.weight(row.len() as u32, self.table.idf(row[0]));
        let weights: Vec<f64> = equal().map(weigh).collect();
        let length = weights.iter().map(|w| w * w).sum::<f64>().sqrt();
        let scale = if self.config.normalize { 1.0 / length } else { 1.0 };
        let weights = weights.into_iter().map(|weight| (weight * scale) as f32).collect();
        Ok(Features::Bag { rows: equal().map(|row| row[0]).collect(), weights })
    }

    fn save(&self, dir: &Path) -> Result<()> {
        self.table.write(&dir.join(FILE))?;
        saved::write_component(dir, &self.component)
    }
}
