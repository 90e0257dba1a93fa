#![doc = include_str!("../README.md")]

pub mod assets;
pub mod digest;
pub mod error;
pub mod house;
pub mod labels;
pub mod recipe;
pub mod retention;
pub mod run;
pub mod seal;
pub mod show;
pub mod stages;
pub mod stamp;
pub mod versions;

pub use biotope_bundle as bundle;
pub use biotope_core as core;
pub use biotope_data as data;
pub use biotope_eval as eval;
pub use biotope_hub as hub;
pub use biotope_models as models;
pub use biotope_nn as nn;
pub use biotope_optim as optim;
pub use biotope_text as text;
pub use biotope_train as train;

pub use error::{Error, Result};
pub use house::House;
pub use recipe::Recipe;
pub use run::Run;
pub use stages::{Outcome, Stage};
