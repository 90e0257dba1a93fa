//! Bundles from outside: saved, opened, asked, broken.

#[path = "bundle/asking.rs"]
mod asking;
#[path = "bundle/breaking.rs"]
mod breaking;
#[path = "bundle/saving.rs"]
mod saving;
#[path = "bundle/support.rs"]
mod support;
