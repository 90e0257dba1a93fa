//! What becomes of a find: one file each, one line each.

use biotope_core::{Component, Entry, Registry, Table, config};

use super::keys::Key;
use crate::Result;

pub mod encrypt;
pub mod keep;
pub mod mask;
pub mod pseudonym;
pub mod redact;
pub mod replace;

/// What becomes of a find.
pub trait Operator: Send + Sync {
    /// What stands for a find of a kind. The same find gives the same result.
    fn apply(&self, kind: &str, found: &str) -> String;

    /// Whether finds stay as they are.
    fn keeps(&self) -> bool {
        false
    }
}

/// How an operator is made from its options and, for those that need one, the key.
pub type BuildOperator = fn(&Table, Option<&Key>) -> Result<Box<dyn Operator>>;

const OPERATORS: &[Entry<BuildOperator>] = &[
    Entry::of::<encrypt::Encrypt>(|t, key| {
        config::from_table::<encrypt::Encrypt>(t)?;
        Ok(Box::new(encrypt::Encrypt::with(key)?))
    }),
    Entry::of::<keep::Keep>(|t, _| Ok(Box::new(config::from_table::<keep::Keep>(t)?))),
    Entry::of::<mask::Mask>(|t, _| Ok(Box::new(config::from_table::<mask::Mask>(t)?))),
    Entry::of::<pseudonym::Pseudonym>(|t, key| {
        config::from_table::<pseudonym::Pseudonym>(t)?;
        Ok(Box::new(pseudonym::Pseudonym::with(key)?))
    }),
    Entry::of::<redact::Redact>(|t, _| Ok(Box::new(config::from_table::<redact::Redact>(t)?))),
    Entry::of::<replace::Replace>(|t, _| Ok(Box::new(config::from_table::<replace::Replace>(t)?))),
];

/// All operators.
pub fn operators() -> Registry<BuildOperator> {
    Registry::new("operator", OPERATORS)
}

/// Makes the operator that a configuration names.
pub(crate) fn build(component: &Component, key: Option<&Key>) -> Result<Box<dyn Operator>> {
    (operators().get(&component.name)?.build)(&component.options, key)
}
