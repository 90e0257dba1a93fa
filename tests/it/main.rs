//! Promises that only the whole house can keep, one module each.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod ag_news;
mod page_to_prediction;
mod precision;
