//! Promises that only the whole house can keep; see `it/`. The Rust blocks of the documents run as doc-tests here.

/// `docs/mathematics.md`.
#[doc = include_str!("../../docs/mathematics.md")]
#[derive(Debug)]
pub struct Mathematics;
