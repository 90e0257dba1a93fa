#![doc = include_str!("../README.md")]

pub mod batch;
pub mod decode;
pub mod encoder;
pub mod error;
pub mod frozen;
pub mod guard;
mod kernels;
pub mod layers;
pub mod loss;
pub mod model;
pub mod params;
pub mod precision;
pub mod whole;

pub use batch::{Batch, Example, Input, Targets};
pub use decode::decode;
pub use error::{Error, Result};
pub use frozen::{Frozen, Packed};
pub use kernels::{measure, paths};
pub use loss::{BuildLoss, Loss, build_loss, losses};
pub use model::{DirectGrad, Mode, Model, ModelConfig, Output, RowGrad};
pub use params::Params;
pub use precision::Precision;
