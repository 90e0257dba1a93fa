//! Personal data: what it is, where it stands in a text, why, and what becomes of it.
//!
//! Data flows one way: a text is folded to the ASCII that rules are written in ([`fold`](self)), read once into tokens, handed to
//! the recognisers, whose candidates are scored; what is left is kept apart and given to operators. Places always mean
//! the text as it was given.
//!
//! A score is the worth of the written form, plus [`VALIDATED`] if a check digit or plan holds, plus [`CONTEXT`] if a word of the
//! recogniser stands nearby, less [`AGAINST`] if a word such as "order number" stands nearer. A find needs [`THRESHOLD`].

mod allow;
mod checks;
mod detector;
mod finder;
mod fold;
#[cfg(test)]
mod generated;
mod keys;
mod lexicon;
mod links;
mod masker;
pub mod operators;
mod page;
mod recognizer;
mod recognizers;
mod replaced;
mod span;

pub use detector::{Detector, DetectorConfig};
pub use finder::{SpanFinder, Suggestion};
pub use keys::{Key, KeySource};
pub use masker::{Masked, Masker, MaskerConfig};
pub use operators::{BuildOperator, Operator, encrypt::Cipher, operators};
pub use recognizer::{AGAINST, CONTEXT, Recognizer, THRESHOLD, VALIDATED};
pub use recognizers::{NEWS, kinds_of, recognizers};
pub use replaced::mark;
pub use span::{Span, Why, character_places};
