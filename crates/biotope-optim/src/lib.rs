#![doc = include_str!("../README.md")]

pub mod candle;
mod error;
pub mod gradients;
pub mod group;
mod host;
pub mod optimizer;
pub mod rules;
pub mod schedules;

pub use error::{Error, Result};
pub use gradients::{Gradients, Rows};
pub use group::Group;
pub use optimizer::Optimizer;
pub use rules::{At, BuildRule, Rule, build_rule, rules};
pub use schedules::{BuildSchedule, Schedule, Span, build_schedule, schedules};
