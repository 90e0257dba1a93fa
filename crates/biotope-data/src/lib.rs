#![doc = include_str!("../README.md")]

pub mod collect;
pub mod curate;
pub mod dataset;
pub mod dates;
pub mod dedup;
pub mod error;
pub mod extract;
mod html;
pub mod pipeline;
pub mod quarantine;
pub mod retention;
pub mod source;
pub mod sources;
pub mod split;
pub mod splits;
pub mod step;
pub mod steps;
pub mod store;
mod table;
pub mod workplace;

pub use collect::{CollectReport, collect};
pub use curate::{CurateConfig, CurateReport, Rare, curate, curate_from};
pub use dataset::{Dataset, LabelCount, Row, VersionInfo, Writer};
pub use dedup::{Clusters, DedupConfig};
pub use error::{Error, Result};
pub use pipeline::Pipeline;
pub use quarantine::{Quarantine, SetAside};
pub use retention::Cleared;
pub use source::{BuildSource, Documents, Source, build_source};
pub use sources::sources;
pub use split::{Split, SplitRow, Splitter, build_splitter};
pub use splits::splits;
pub use step::{BuildStep, Reason, Step, Verdict, build_step};
pub use steps::steps;
pub use store::Store;
pub use workplace::Workplace;
