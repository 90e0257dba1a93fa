#![doc = include_str!("../README.md")]

pub mod callback;
pub mod callbacks;
mod checkpoint;
pub mod config;
mod error;
pub mod event;
mod exact;
mod identity;
mod judge;
mod plan;
mod predict;
mod run;
pub mod run_dir;
mod state;
pub mod trainer;

pub use callback::{Callback, Flow};
pub use config::TrainConfig;
pub use error::{Error, Result};
pub use event::{Event, Kind, Reason};
pub use plan::Passes;
pub use predict::predict;
pub use run_dir::RunDir;
pub use state::Measured;
pub use trainer::{Outcome, Trainer};
