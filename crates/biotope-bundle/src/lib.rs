#![doc = include_str!("../README.md")]

pub mod bundle;
pub mod card;
pub mod error;
pub mod explain;
pub mod files;
pub mod lineage;
pub mod manifest;
pub mod predictor;
pub mod registry;
mod save;
mod settings;
mod words;

pub use biotope_data::{Reason, source::charset::decode};
pub use biotope_nn::Precision;
pub use bundle::Bundle;
pub use card::Card;
pub use error::{Error, Result};
pub use lineage::Lineage;
pub use manifest::Manifest;
pub use predictor::{Answer, Explanation, Predictor, Signature};
pub use registry::Stored;
pub use save::Parts;
