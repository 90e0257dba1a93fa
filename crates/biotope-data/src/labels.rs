//! The rules that give labels: one file each, one line each.

use biotope_core::{Config, Entry, Registry, Table, config};

use crate::Result;
use crate::label::{BuildLabel, Labeller};

pub mod file;
pub mod meta;
pub mod url;

const fn rule<C: Config>(open: fn(&Table) -> Result<Box<dyn Labeller>>) -> Entry<BuildLabel> {
    Entry::of::<C>(BuildLabel::of::<C>(open))
}

const LABELS: &[Entry<BuildLabel>] = &[
    rule::<file::FileConfig>(|t| Ok(Box::new(file::LabelFile::open(&config::from_table(t)?)?))),
    rule::<meta::Meta>(|t| Ok(Box::new(config::from_table::<meta::Meta>(t)?))),
    rule::<url::Url>(|t| Ok(Box::new(config::from_table::<url::Url>(t)?))),
];

/// All rules that give labels.
pub fn labels() -> Registry<BuildLabel> {
    Registry::new("label", LABELS)
}
