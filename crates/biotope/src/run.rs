//! One training run and its folder: `<store>/runs/ID/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use biotope_core::{Component, Task};
use biotope_data::Split;
use biotope_train::{Kind, RunDir};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::house::folders;
use crate::{Error, House, Recipe, Result, stamp};

/// A run's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// `NAME-MODEL-DIGEST`: the same recipe on the same dataset has the same id.
    pub id: String,
    /// `<store>/runs/ID`.
    pub dir: PathBuf,
}

/// What a run was made from and what came of it: `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The run's id.
    pub id: String,
    /// The recipe's name.
    pub recipe: String,
    /// The model's registry name.
    pub model: String,
    /// The model with every option filled in: what its weights fit.
    pub component: Component,
    /// The dataset's name.
    pub dataset: String,
    /// Its version when the run read it.
    pub dataset_version: u64,
    /// Digest of its content.
    pub dataset_digest: String,
    /// The seed.
    pub seed: u64,
    /// The labels, in the order of the model's outputs.
    pub task: Task,
    /// Training documents.
    pub train_rows: usize,
    /// Validation documents.
    pub valid_rows: usize,
    /// Rows of the embedding table: what the featurizer can yield.
    pub vocabulary: usize,
    /// Trained numbers.
    pub parameters: usize,
    /// Steps taken.
    pub steps: u64,
    /// The step whose weights were kept.
    pub best_step: u64,
    /// Their value of the chosen metric on the validation split.
    pub best_value: f64,
    /// Every number of the validation split at that step.
    pub valid: BTreeMap<String, f64>,
    /// Whether patience ended the run.
    pub stopped_early: bool,
    /// Seconds spent in training, the refit's among them. Not part of any digest.
    pub train_seconds: f64,
    /// The training on both splits whose weights ship, if the recipe asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refit: Option<Refit>,
}

/// Once more from the start, on training and validation split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refit {
    /// Documents of both splits.
    pub rows: usize,
    /// Passes over them: what the first training needed until it was best.
    pub passes: f64,
    /// Steps taken.
    pub steps: u64,
}

impl Facts {
    /// Documents that the shipped weights have learned from.
    pub fn learned_rows(&self) -> usize {
        self.refit.as_ref().map_or(self.train_rows, |refit| refit.rows)
    }

    /// The splits that these come from.
    pub fn learned_splits(&self) -> &'static [Split] {
        if self.refit.is_some() { &[Split::Train, Split::Valid] } else { &[Split::Train] }
    }
}

impl Run {
    /// The run of that id.
    pub fn new(house: &House, id: impl Into<String>) -> Self {
        let id = id.into();
        Self { dir: house.runs().join(&id), id }
    }

    /// All runs of a store, sorted by id.
    pub fn all(house: &House) -> Result<Vec<Self>> {
        let runs = folders(&house.runs())?.into_iter();
        Ok(runs
            .map(|dir| Self { id: dir.file_name().unwrap_or_default().to_string_lossy().into_owned(), dir })
            .collect())
    }

    /// The run of that id or unique beginning of an id.
    pub fn find(house: &House, id: &str) -> Result<Self> {
        let mut found = Self::all(house)?;
        found.retain(|run| run.id == id || (id.len() >= 4 && run.id.starts_with(id)));
        if found.len() == 1 {
            return Ok(found.remove(0));
        }
        Err(Error::Missing { kind: "run", name: id.to_owned(), place: house.runs() })
    }

    /// The recipe it was made from, filled in.
    pub fn recipe(&self) -> Result<Recipe> {
        let path = self.dir.join("recipe.toml");
        let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        Recipe::from_toml(&text, &[])
    }

    /// What it was made from and what came of it.
    pub fn facts(&self) -> Result<Facts> {
        self.read("run.json")
    }

    /// A JSON file of the run.
    pub fn read<T: DeserializeOwned>(&self, file: &str) -> Result<T> {
        read_json(&self.dir.join(file))
    }

    /// Writes a JSON file of the run.
    pub fn write<T: Serialize>(&self, file: &str, value: &T) -> Result<()> {
        let json = serde_json::to_string_pretty(value).expect("plain data, which JSON can hold");
        stamp::write(&self.dir.join(file), (json + "\n").as_bytes())
    }

    /// The folder of the training on both splits.
    pub fn refit(&self) -> PathBuf {
        self.dir.join("refit")
    }

    /// The weights that ship: the refit's, if there is one.
    pub fn weights(&self, facts: &Facts) -> Result<PathBuf> {
        let dir = if facts.refit.is_some() { self.refit() } else { self.dir.clone() };
        Ok(RunDir::open(dir)?.checkpoint(Kind::Best).join("model.safetensors"))
    }

    /// The featurizer's folder.
    pub fn text(&self) -> PathBuf {
        self.dir.join("text")
    }
}

/// Reads a JSON file.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    serde_json::from_str(&text).map_err(|e| Error::Damaged { path: path.to_owned(), why: e.to_string() })
}
