//! The cleaning steps: one file each, one line each.

use biotope_core::{Entry, Registry, config};

use crate::step::BuildStep;

pub mod extract_article;
pub mod limit_length;
pub mod mask_personal_data;
pub mod normalize_text;

const STEPS: &[Entry<BuildStep>] = &[
    Entry::of::<extract_article::ExtractArticle>(|t| {
        Ok(Box::new(config::from_table::<extract_article::ExtractArticle>(t)?))
    }),
    Entry::of::<limit_length::LimitLength>(|t| {
        Ok(Box::new(config::from_table::<limit_length::LimitLength>(t)?))
    }),
    Entry::of::<mask_personal_data::MaskPersonalData>(|t| {
        Ok(Box::new(config::from_table::<mask_personal_data::MaskPersonalData>(t)?.build()?))
    }),
    Entry::of::<normalize_text::NormalizeText>(|t| {
        Ok(Box::new(config::from_table::<normalize_text::NormalizeText>(t)?))
    }),
];

/// All steps.
pub fn steps() -> Registry<BuildStep> {
    Registry::new("step", STEPS)
}
