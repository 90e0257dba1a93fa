//! The rules that give labels: one file each, one line each.

use biotope_core::{Entry, Registry, config};

use crate::label::BuildLabel;

pub mod file;
pub mod meta;
pub mod url;

const LABELS: &[Entry<BuildLabel>] = &[
    Entry::of::<file::FileConfig>(|t| Ok(Box::new(file::LabelFile::open(&config::from_table(t)?)?))),
    Entry::of::<meta::Meta>(|t| Ok(Box::new(config::from_table::<meta::Meta>(t)?))),
    Entry::of::<url::Url>(|t| Ok(Box::new(config::from_table::<url::Url>(t)?))),
];

/// All rules that give labels.
pub fn labels() -> Registry<BuildLabel> {
    Registry::new("label", LABELS)
}
