#![doc = include_str!("../README.md")]

pub mod app;
mod body;
pub mod config;
mod envelope;
pub mod error;
mod fetch;
pub mod info;
mod queue;
mod reply;
mod routes;
pub mod server;
mod telemetry;

pub use app::App;
pub use config::ServeConfig;
pub use error::{Error, Result};
pub use info::Info;
pub use routes::router;
pub use server::{Drained, bind, serve};
