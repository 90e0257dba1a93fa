#![doc = include_str!("../README.md")]

pub mod bootstrap;
pub mod calibration;
pub mod compare;
pub mod confusion;
pub mod error;
pub mod evaluate;
pub mod evaluation;
pub mod html;
pub mod loss;
pub mod metric;
mod metrics;
mod plots;
mod prepared;
pub mod quantile;
pub mod report;
pub mod roc;
mod rows;
pub mod special;
pub mod wilson;

pub use bootstrap::{bootstrap, resample};
pub use calibration::{Bin, Reliability};
pub use compare::{Comparison, McNemar, Method, PairedDifference, compare, mcnemar, paired_bootstrap};
pub use confusion::{ConfusionMatrix, Prf};
pub use error::{Error, Result};
pub use evaluate::{EvalConfig, evaluate};
pub use evaluation::{ClassReport, Estimate, Evaluation};
pub use html::html;
pub use metric::{Better, BuildMetric, Metric, build_metric, metrics};
pub use quantile::quantile;
pub use report::{Curve, DatasetSection, ModelSection, Report, Section, SplitCounts, Table};
pub use roc::{RocCurve, auc, roc_curve};
pub use rows::hits;
pub use wilson::wilson;
