#![doc = include_str!("../README.md")]

pub mod component;
pub mod config;
pub mod document;
pub mod features;
pub mod markup;
pub mod pack;
pub mod prediction;
pub mod progress;
pub mod record;
pub mod registry;
pub mod seed;
pub mod suggest;
pub mod task;

pub use component::Component;
pub use config::{Config, Invalid, Table};
pub use document::{Change, Document, MediaType, Trace};
pub use features::Features;
pub use prediction::{Prediction, Target};
pub use progress::{Progress, Silent, Unit};
pub use record::RecordId;
pub use registry::{Entry, Registry, Unknown};
pub use seed::Seed;
pub use task::Task;
