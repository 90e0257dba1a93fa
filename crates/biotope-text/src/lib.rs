#![doc = include_str!("../README.md")]

mod error;
pub mod featurizer;
pub mod featurizers;
mod grams;
mod han;
mod idf;
pub mod packed;
mod saved;
mod subword;
mod words;

pub use error::{Error, Result};
pub use featurizer::{Featurizer, open_featurizer, train_featurizer};
pub use featurizers::{BuildFeaturizer, featurizers};
pub use packed::{Packed, batches};
