//! Promises that only the whole house can keep; see `it/`. The Rust blocks of the documents run as doc-tests here.

#![expect(clippy::doc_markdown, reason = "formulas are no code")]

/// `docs/mathematics.md`.
#[doc = include_str!("../../docs/mathematics.md")]
#[derive(Debug)]
pub struct Mathematics;
