#![doc = include_str!("../README.md")]

pub mod candle;
pub mod ema;
mod error;
pub mod gradients;
pub mod group;
mod host;
pub mod optimizer;
mod pieces;
pub mod rules;
pub mod schedules;

pub use ema::Ema;
pub use error::{Error, Result};
pub use gradients::{Grad, Gradients, Rows};
pub use group::Group;
pub use optimizer::Optimizer;
pub use rules::{At, BuildRule, Place, Rule, Slot, build_rule, rules};
pub use schedules::{BuildSchedule, Goal, Schedule, Span, build_schedule, schedules};
