//! The cleaning steps: one file each, one line each.

use biotope_core::{Entry, Registry, config};

use crate::step::BuildStep;

pub mod extract_article;
pub mod filter_c4;
pub mod filter_fineweb;
pub mod filter_gopher_quality;
pub mod filter_gopher_repetition;
pub mod filter_terms;
pub mod filter_urls;
pub mod identify_language;
pub mod limit_length;
mod lists;
pub mod mask_personal_data;
pub mod normalize_text;
pub mod repair_unicode;
pub mod rules;

const STEPS: &[Entry<BuildStep>] = &[
    Entry::of::<extract_article::ExtractArticle>(|t| {
        Ok(Box::new(config::from_table::<extract_article::ExtractArticle>(t)?))
    }),
    Entry::of::<filter_c4::FilterC4>(|t| Ok(Box::new(config::from_table::<filter_c4::FilterC4>(t)?))),
    Entry::of::<filter_fineweb::FilterFineweb>(|t| {
        Ok(Box::new(config::from_table::<filter_fineweb::FilterFineweb>(t)?))
    }),
    Entry::of::<filter_gopher_quality::FilterGopherQuality>(|t| {
        Ok(Box::new(config::from_table::<filter_gopher_quality::FilterGopherQuality>(t)?))
    }),
    Entry::of::<filter_gopher_repetition::FilterGopherRepetition>(|t| {
        Ok(Box::new(config::from_table::<filter_gopher_repetition::FilterGopherRepetition>(t)?))
    }),
    Entry::of::<filter_terms::FilterTerms>(|t| {
        Ok(Box::new(config::from_table::<filter_terms::FilterTerms>(t)?.open()?))
    }),
    Entry::of::<filter_urls::FilterUrls>(|t| {
        Ok(Box::new(config::from_table::<filter_urls::FilterUrls>(t)?.open()?))
    }),
    Entry::of::<identify_language::IdentifyLanguage>(|t| {
        Ok(Box::new(config::from_table::<identify_language::IdentifyLanguage>(t)?))
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
    Entry::of::<repair_unicode::RepairUnicode>(|t| {
        Ok(Box::new(config::from_table::<repair_unicode::RepairUnicode>(t)?))
    }),
];

/// All steps.
pub fn steps() -> Registry<BuildStep> {
    Registry::new("step", STEPS)
}
