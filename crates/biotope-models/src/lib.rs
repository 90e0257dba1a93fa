#![doc = include_str!("../README.md")]

pub mod bert;
mod catalogue;
#[cfg(feature = "check")]
pub mod check;
mod error;
mod zoo;

pub use catalogue::{BuildModel, Catalogue, model};
pub use error::{Error, Result};
pub use zoo::ZOO;
pub use zoo::lstm::{Lstm, LstmConfig};
pub use zoo::ngram_linear::{NgramLinear, NgramLinearConfig};
pub use zoo::text_cnn::{TextCnn, TextCnnConfig};
