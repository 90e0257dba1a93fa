//! The registry of architectures: one file, one line, in alphabetic order.

use biotope_core::Entry;

use crate::{BuildModel, model};

pub(crate) mod bert;
pub(crate) mod lstm;
pub(crate) mod ngram_linear;
pub(crate) mod text_cnn;

/// Every architecture of the house.
pub const ZOO: &[Entry<BuildModel>] = &[
    model::<bert::BertConfig>(),
    model::<lstm::LstmConfig>(),
    model::<ngram_linear::NgramLinearConfig>(),
    model::<text_cnn::TextCnnConfig>(),
];
