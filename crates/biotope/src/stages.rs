//! The stages that join the crates. Each reads what the one before left in the store, and is skipped if its inputs did
//! not change.

pub mod bundle;
pub mod collect;
pub mod curate;
pub mod evaluate;
pub mod predict;
pub mod train;

use crate::{House, Recipe, Result};

/// The stages in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Fetch documents.
    Collect,
    /// Clean, deduplicate, split.
    Curate,
    /// Learn.
    Train,
    /// Measure.
    Evaluate,
    /// Pack what ships.
    Bundle,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Collect, Self::Curate, Self::Train, Self::Evaluate, Self::Bundle];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Collect => "collect",
            Self::Curate => "curate",
            Self::Train => "train",
            Self::Evaluate => "evaluate",
            Self::Bundle => "bundle",
        }
    }
}

/// What a stage did.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Outcome {
    /// The stage.
    pub stage: &'static str,
    /// Whether nothing had changed.
    pub skipped: bool,
    /// One sentence with figures.
    pub summary: String,
    /// The same for programs.
    pub details: serde_json::Value,
}

impl Outcome {
    fn new(stage: Stage, skipped: bool, summary: String, details: &impl serde::Serialize) -> Self {
        let details = serde_json::to_value(details).expect("plain data, which JSON can hold");
        Self { stage: stage.name(), skipped, summary, details }
    }
}

/// Runs one stage.
pub fn run(house: &House, recipe: &Recipe, stage: Stage) -> Result<Outcome> {
    match stage {
        Stage::Collect => collect::collect(house, recipe),
        Stage::Curate => curate::curate(house, recipe),
        Stage::Train => train::train(house, recipe),
        Stage::Evaluate => evaluate::evaluate(house, recipe),
        Stage::Bundle => bundle::bundle(house, recipe),
    }
}
