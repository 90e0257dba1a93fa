//! The metrics of the house: one file each, one line here.

use biotope_core::Entry;

use crate::metric::BuildMetric;

mod accuracy;
mod auc;
mod balanced_accuracy;
mod brier;
mod calibration_error;
mod hamming_loss;
mod log_loss;
mod macro_f1;
mod macro_precision;
mod macro_recall;
mod mae;
mod matthews;
mod micro_f1;
mod mse;
mod r2;
mod rmse;
pub(crate) mod tally;
mod weighted_auc;
mod weighted_f1;

/// In alphabetic order.
pub(crate) const LIST: &[Entry<BuildMetric>] = &[
    accuracy::ENTRY,
    auc::ENTRY,
    balanced_accuracy::ENTRY,
    brier::ENTRY,
    calibration_error::ENTRY,
    hamming_loss::ENTRY,
    log_loss::ENTRY,
    macro_f1::ENTRY,
    macro_precision::ENTRY,
    macro_recall::ENTRY,
    mae::ENTRY,
    matthews::ENTRY,
    micro_f1::ENTRY,
    mse::ENTRY,
    r2::ENTRY,
    rmse::ENTRY,
    weighted_auc::ENTRY,
    weighted_f1::ENTRY,
];
