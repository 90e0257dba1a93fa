//! What a run is: options, seed, task and data. A checkpoint of one run is not continued as another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use biotope_core::{Features, RecordId, Seed, Task};
use biotope_nn::Example;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, TrainConfig};

/// Every fact by name, as JSON text (text, because numbers need not survive JSON to the last bit).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Identity(BTreeMap<String, String>);

impl Identity {
    pub(crate) fn new(
        config: &TrainConfig,
        seed: Seed,
        task: &Task,
        train: &[Example],
        valid: &[Example],
    ) -> Self {
        let options = serde_json::to_value(config).expect("a configuration is plain data");
        let options = options.as_object().into_iter().flatten();
        let mut facts: BTreeMap<String, String> =
            options.map(|(key, value)| (format!("`{key}`"), value.to_string())).collect();
        let task = serde_json::to_string(task).expect("a task is plain data");
        facts.insert("the seed".to_owned(), seed.0.to_string());
        facts.insert("the task".to_owned(), task);
        facts.insert("the training split".to_owned(), digest(train).to_string());
        facts.insert("the validation split".to_owned(), digest(valid).to_string());
        Self(facts)
    }

    /// One more fact.
    pub(crate) fn note(&mut self, what: &str, value: String) {
        self.0.insert(what.to_owned(), value);
    }

    /// Refuses to go on as another run: the error names the first difference.
    pub(crate) fn check(&self, now: &Self, dir: &Path) -> Result<()> {
        let names: BTreeSet<&String> = self.0.keys().chain(now.0.keys()).collect();
        let Some(what) = names.into_iter().find(|name| self.0.get(*name) != now.0.get(*name)) else {
            return Ok(());
        };
        let show = |facts: &Self| facts.0.get(what).map_or_else(|| "not set".to_owned(), Clone::clone);
        Err(Error::Changed { path: dir.to_owned(), what: what.clone(), was: show(self), is: show(now) })
    }
}

/// A digest over ids, features and targets of examples, in order.
fn digest(examples: &[Example]) -> RecordId {
    examples.iter().fold(RecordId::default(), |so_far, example| {
        let (ids, weights) = match &example.features {
            Features::Tokens(tokens) => (bytes(tokens, u32::to_le_bytes), Vec::new()),
            Features::Bag { rows, weights } => {
                (bytes(rows, u32::to_le_bytes), bytes(weights, f32::to_le_bytes))
            }
        };
        let target = format!("{:?}", example.target);
        RecordId::of(&[so_far.as_bytes(), example.id.as_bytes(), &ids, &weights, target.as_bytes()])
    })
}

fn bytes<T: Copy>(values: &[T], to_bytes: impl Fn(T) -> [u8; 4]) -> Vec<u8> {
    values.iter().flat_map(|value| to_bytes(*value)).collect()
}
