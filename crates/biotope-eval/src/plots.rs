//! The plots of a report, one file each: SVG that takes its colours from the page's style sheet.

pub(crate) mod axes;
pub(crate) mod class_bars;
pub(crate) mod confusion_matrix;
pub(crate) mod difference;
pub(crate) mod ladder;
pub(crate) mod learning_curves;
pub(crate) mod reliability;
pub(crate) mod roc_curves;
pub(crate) mod svg;

/// Width of a plot in user units: that of a phone, so that letters keep their size there.
pub(crate) const WIDTH: f64 = 380.0;

/// How many line styles the style sheet has (`.s0` ...).
pub(crate) const STYLES: usize = 7;
