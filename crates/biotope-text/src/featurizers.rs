//! What can be named in a recipe's `text`.

use std::path::Path;

use biotope_core::{Config, Entry, Registry, Table, config};

use crate::{Featurizer, Result};

pub mod bpe;
pub mod ngrams;
pub mod pretrained;
pub mod unigram;
pub mod word;
pub mod wordpiece;

/// Learns a featurizer from the texts of the training split.
pub type Train = fn(&Table, &mut dyn Iterator<Item = String>) -> Result<Box<dyn Featurizer>>;

/// Opens a featurizer from the folder it was saved to.
pub type Open = fn(&Table, &Path) -> Result<Box<dyn Featurizer>>;

/// How a featurizer is made: learned from texts, or opened from the folder it was saved to.
#[derive(Clone, Copy, Debug)]
pub struct BuildFeaturizer {
    /// Learns from the texts of the training split.
    pub train: Train,
    /// Opens what was saved with these options.
    pub open: Open,
}

/// A configuration of a featurizer.
pub trait FeaturizerConfig: Config {
    /// What it makes.
    type Featurizer: Featurizer + 'static;

    /// Learns from the texts of the training split.
    fn train(self, texts: &mut dyn Iterator<Item = String>) -> Result<Self::Featurizer>;

    /// Opens what [`Featurizer::save`] wrote to a folder.
    fn open(self, dir: &Path) -> Result<Self::Featurizer>;
}

/// The line of a featurizer in a registry, for teams that add their own.
pub const fn entry<C: FeaturizerConfig>() -> Entry<BuildFeaturizer> {
    Entry::of::<C>(BuildFeaturizer {
        train: |table, texts| Ok(Box::new(config::from_table::<C>(table)?.train(texts)?)),
        open: |table, dir| Ok(Box::new(config::from_table::<C>(table)?.open(dir)?)),
    })
}

/// All featurizers of the house.
pub const FEATURIZERS: &[Entry<BuildFeaturizer>] = &[
    entry::<bpe::Bpe>(),
    entry::<ngrams::Ngrams>(),
    entry::<pretrained::Pretrained>(),
    entry::<unigram::Unigram>(),
    entry::<word::Word>(),
    entry::<wordpiece::WordPiece>(),
];

/// All featurizers.
pub fn featurizers() -> Registry<BuildFeaturizer> {
    Registry::new("featurizer", FEATURIZERS)
}
