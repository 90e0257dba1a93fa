//! Host-side numbers: what a featurizer makes of a document and a batch is packed from.

use serde::{Deserialize, Serialize};

/// The numbers of one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Features {
    /// A sequence of token ids, unpadded.
    Tokens(Vec<u32>),
    /// A sparse bag: row ids (each at most once, ascending) and their weights, of equal length.
    Bag {
        /// Rows of the embedding table.
        rows: Vec<u32>,
        /// Weight of each row.
        weights: Vec<f32>,
    },
}

impl Features {
    /// How much of a batch's token budget it takes: tokens, or rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Tokens(tokens) => tokens.len(),
            Self::Bag { rows, .. } => rows.len(),
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
