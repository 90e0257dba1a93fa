//! What happens in a run: one closed enum.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Which checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The weights with the best value on the validation split; of a refit the last ones.
    Best,
    /// Where the run stands.
    Last,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// All epochs or steps are done.
    Done,
    /// Nothing improved for too long.
    Patience,
    /// A callback said so; the run can be resumed.
    Stopped,
}

/// Something that happened. `seconds` is the time that the run took so far, over all its sittings; it is all that
/// differs between two runs with the same seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// The run begins, or goes on.
    RunStarted {
        /// Updates already made: 0 unless resumed.
        step: u64,
        /// Updates in the whole run.
        steps: u64,
        /// Epochs in the whole run.
        epochs: u64,
        /// Examples in the training split.
        train: usize,
        /// Examples in the validation split; 0 in a refit, which has none.
        valid: usize,
        /// Numbers to be learned.
        parameters: usize,
        /// Time so far.
        seconds: f64,
    },
    /// An update was made.
    StepDone {
        /// Its number, from 1.
        step: u64,
        /// Its epoch, from 0.
        epoch: u64,
        /// Mean loss of its examples.
        loss: f64,
        /// Its learning rate.
        lr: f64,
        /// Norm of the gradients before clipping.
        norm: f64,
        /// Its examples.
        examples: usize,
        /// Their tokens (or rows of bags).
        tokens: usize,
        /// Time so far.
        seconds: f64,
    },
    /// The validation split was measured.
    Evaluated {
        /// After this many updates.
        step: u64,
        /// Epoch of the last update, from 0.
        epoch: u64,
        /// Mean loss of the updates since the last evaluation.
        train_loss: f64,
        /// Registry name of the chosen metric.
        metric: String,
        /// Every number by name; `"loss"` among them.
        metrics: BTreeMap<String, f64>,
        /// Whether the chosen one is the best so far.
        is_best: bool,
        /// Time so far.
        seconds: f64,
    },
    /// A checkpoint was written.
    Saved {
        /// After this many updates.
        step: u64,
        /// Which one.
        kind: Kind,
        /// Time so far.
        seconds: f64,
    },
    /// The run ended.
    RunDone {
        /// Updates made.
        step: u64,
        /// After how many updates the weights were best; 0 if never measured.
        best_step: u64,
        /// Why it ended.
        reason: Reason,
        /// Time so far.
        seconds: f64,
    },
}

/// The events of a run folder's `events.jsonl`, in order.
pub fn read(path: &Path) -> Result<Vec<Event>> {
    let text = fs::read_to_string(path).map_err(Error::io(path))?;
    let parse = |(at, line): (usize, &str)| {
        serde_json::from_str(line)
            .map_err(|error| Error::corrupted(path, format!("line {}: {error}", at + 1)))
    };
    text.lines().enumerate().map(parse).collect()
}
