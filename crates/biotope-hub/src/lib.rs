#![doc = include_str!("../README.md")]

mod archive;
pub mod assets;
mod cache;
mod client;
pub mod config;
pub mod digest;
pub mod error;
mod http;
pub mod hub;
mod meter;
pub mod secret;
mod sources;
pub mod spec;

pub use assets::{Asset, Assets, Pin};
pub use config::{HubConfig, Limits};
pub use digest::Digest;
pub use error::{Attempt, Error, Result};
pub use hub::Hub;
pub use secret::Secret;
pub use spec::{RepoKind, Spec};
