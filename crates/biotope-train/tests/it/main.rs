//! What the loop promises, shown on a toy.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod exact;
mod learns;
mod refit;
mod refuses;
mod toy;
