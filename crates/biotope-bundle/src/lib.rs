#![doc = include_str!("../README.md")]

pub mod error;
pub mod explain;
pub mod predictor;
mod reason;
mod words;

pub use error::{Error, Result};
pub use predictor::{Answer, Explanation, Predictor, Signature};
pub use reason::Reason;
