//! `biotope demo`: a newspaper replayed on loopback, from its pages to a served prediction, with everything measured.

pub mod article;
pub mod generate;
pub mod ladder;
pub mod measure;
pub mod newspaper;
pub mod pages;
pub mod plant;
mod report;
pub(crate) mod run;
mod serving;
pub mod summary;
