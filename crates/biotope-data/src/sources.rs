//! The sources: one file each, one line each.

use biotope_core::{Entry, Registry, config};

use crate::source::BuildSource;

pub mod csv;
pub mod feed;
pub mod json_lines;
pub mod parquet;
#[cfg(feature = "sql")]
pub mod sql;
pub mod text_folder;
pub mod warc;
pub mod web;

const SOURCES: &[Entry<BuildSource>] = &[
    Entry::of::<csv::CsvConfig>(|t| Ok(Box::new(csv::Csv::new(config::from_table(t)?)))),
    Entry::of::<feed::FeedConfig>(|t| Ok(Box::new(feed::Feed::new(config::from_table(t)?)))),
    Entry::of::<json_lines::JsonLinesConfig>(|t| {
        Ok(Box::new(json_lines::JsonLines::new(config::from_table(t)?)))
    }),
    Entry::of::<parquet::ParquetConfig>(|t| Ok(Box::new(parquet::Parquet::new(config::from_table(t)?)))),
    #[cfg(feature = "sql")]
    Entry::of::<sql::SqlConfig>(|t| Ok(Box::new(sql::Sql::new(config::from_table(t)?)))),
    Entry::of::<text_folder::TextFolderConfig>(|t| {
        Ok(Box::new(text_folder::TextFolder::new(config::from_table(t)?)))
    }),
    Entry::of::<warc::WarcConfig>(|t| Ok(Box::new(warc::Warc::new(config::from_table(t)?)))),
    Entry::of::<web::WebConfig>(|t| Ok(Box::new(web::Web::new(config::from_table(t)?)?))),
];

/// All sources.
pub fn sources() -> Registry<BuildSource> {
    Registry::new("source", SOURCES)
}
