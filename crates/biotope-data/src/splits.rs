//! The rules that split: one file each, one line each.

use biotope_core::{Entry, Registry, config};

use crate::split::BuildSplit;

pub mod given;
pub mod k_fold;
pub mod source;
pub mod stratified;
pub mod time;

const SPLITS: &[Entry<BuildSplit>] = &[
    Entry::of::<given::Given>(|t| Ok(Box::new(config::from_table::<given::Given>(t)?))),
    Entry::of::<k_fold::KFold>(|t| Ok(Box::new(config::from_table::<k_fold::KFold>(t)?))),
    Entry::of::<source::Source>(|t| Ok(Box::new(config::from_table::<source::Source>(t)?))),
    Entry::of::<stratified::Stratified>(|t| Ok(Box::new(config::from_table::<stratified::Stratified>(t)?))),
    Entry::of::<time::Time>(|t| Ok(Box::new(config::from_table::<time::Time>(t)?))),
];

/// All rules that split.
pub fn splits() -> Registry<BuildSplit> {
    Registry::new("split", SPLITS)
}
