//! Bundles from outside: saved, opened, asked, broken.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

#[path = "bundle/asking.rs"]
mod asking;
#[path = "bundle/breaking.rs"]
mod breaking;
#[path = "bundle/saving.rs"]
mod saving;
#[path = "bundle/support.rs"]
mod support;
