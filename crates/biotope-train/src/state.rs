//! Where a run stands: what a checkpoint holds beside tensors.

use std::collections::BTreeMap;

use biotope_core::RecordId;
use serde::{Deserialize, Serialize};

use crate::exact;
use crate::identity::Identity;

/// One evaluation of the validation split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// After this many updates.
    pub step: u64,
    /// Epoch of the last update, from 0.
    pub epoch: u64,
    /// Mean loss of the updates since the last evaluation.
    #[serde(with = "exact")]
    pub train_loss: f64,
    /// Every number by name; `"loss"` among them.
    #[serde(with = "exact::map")]
    pub metrics: BTreeMap<String, f64>,
    /// Whether the chosen metric was the best so far.
    pub is_best: bool,
}

/// The best evaluation so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Best {
    pub(crate) step: u64,
    #[serde(with = "exact")]
    pub(crate) value: f64,
}

/// Everything that decides how a run goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    /// Layout of this file.
    pub(crate) format: u32,
    /// What is trained on what.
    pub(crate) run: Identity,
    /// The epoch that is under way, from 0.
    pub(crate) epoch: u64,
    /// Batches of it that are done.
    pub(crate) position: usize,
    /// Updates made.
    pub(crate) step: u64,
    /// Best so far.
    pub(crate) best: Option<Best>,
    /// Evaluations since then.
    pub(crate) stale: u64,
    /// Sum of the losses of the updates since the last evaluation, and their number.
    #[serde(with = "exact")]
    pub(crate) loss_sum: f64,
    pub(crate) loss_count: u64,
    /// What the schedule remembers.
    #[serde(with = "exact::map")]
    pub(crate) schedule: BTreeMap<String, f64>,
    /// All evaluations.
    pub(crate) history: Vec<Measured>,
    /// Bytes of the events file that belong to it.
    pub(crate) events: u64,
    /// Whether the checkpoint itself is an event (not if a callback interrupted the run).
    pub(crate) is_planned: bool,
    /// Time so far.
    #[serde(with = "exact")]
    pub(crate) seconds: f64,
    /// Digests of the files beside this one.
    pub(crate) files: BTreeMap<String, RecordId>,
}

impl State {
    pub(crate) const FORMAT: u32 = 2;

    pub(crate) fn new(run: Identity) -> Self {
        Self {
            format: Self::FORMAT,
            run,
            epoch: 0,
            position: 0,
            step: 0,
            best: None,
            stale: 0,
            loss_sum: 0.0,
            loss_count: 0,
            schedule: BTreeMap::new(),
            history: Vec::new(),
            events: 0,
            is_planned: true,
            seconds: 0.0,
            files: BTreeMap::new(),
        }
    }

    /// Takes the mean loss since the last evaluation.
    pub(crate) fn take_loss(&mut self) -> f64 {
        let mean = self.loss_sum / self.loss_count as f64;
        (self.loss_sum, self.loss_count) = (0.0, 0);
        mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_to_the_last_bit() {
        let values = [0.1 + 0.2, f64::MIN_POSITIVE / 3.0, 1.0 / 3.0, 1e300 / 7.0, f64::INFINITY];
        for value in values {
            let best = Best { step: 1, value };
            let text = serde_json::to_string(&best).unwrap();
            assert_eq!(
                serde_json::from_str::<Best>(&text).unwrap().value.to_bits(),
                value.to_bits(),
                "{text}"
            );
        }
    }
}
