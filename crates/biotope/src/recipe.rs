//! A recipe: one TOML file that says everything about a run.

pub mod builtin;
mod parse;

use biotope_core::{Component, Config, Invalid, Seed, Table};
use biotope_data::{CurateConfig, Schema};
use biotope_train::TrainConfig;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Everything about a run: where documents come from, what is done to them, what is learned, how it is measured.
///
/// Unknown keys are errors that name the nearest key; the recipe, filled in with every default, is stored with the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Names the runs and the bundle.
    pub name: String,
    /// Names the dataset; the recipe's name if empty. Recipes that name the same dataset share it.
    #[serde(default)]
    pub dataset: String,
    /// One seed for everything.
    #[serde(default = "default_seed")]
    pub seed: Seed,
    /// What the run may use.
    #[serde(default)]
    pub resources: Resources,
    /// Where documents come from.
    pub collect: Collect,
    /// How they are cleaned, deduplicated and split.
    #[serde(default)]
    pub curate: CurateConfig,
    /// The tokenizer or featurizer.
    pub text: Component,
    /// The model; `from` names pretrained weights (`asset:minilm`, a folder).
    pub model: Component,
    /// Whether rare classes weigh more in the loss.
    #[serde(default)]
    pub class_weights: ClassWeights,
    /// Whether it is trained once more, after the validation split has said for how many passes, on the training and the
    /// validation split together; these weights then ship.
    #[serde(default)]
    pub refit: bool,
    /// How it is trained.
    #[serde(default)]
    pub train: TrainConfig,
    /// How it is measured.
    #[serde(default)]
    pub evaluate: Evaluate,
    /// What the bundle's card says.
    #[serde(default)]
    pub bundle: BundleSection,
    /// How many old versions of the datasets stay on disk.
    #[serde(default)]
    pub retention: Retention,
    /// Options of `biotope serve`, over its defaults and under its command line; checked there.
    #[serde(default)]
    pub serve: Table,
}

fn default_seed() -> Seed {
    Seed(42)
}

/// What a run may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resources {
    /// Threads; 0 = one per core. The result does not depend on it.
    pub threads: usize,
}

/// Weights of the classes in the loss, from how often each occurs in the training split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// Every example weighs the same.
    #[default]
    None,
    /// `rows / (classes * rows of the class)`: every class weighs the same.
    Balanced,
    /// The square root of that: half way between the two.
    SqrtBalanced,
}

impl ClassWeights {
    /// One weight per class of `counts`; none if all weigh the same.
    pub fn of(self, counts: &[usize]) -> Vec<f64> {
        let rows: usize = counts.iter().sum();
        let balanced = |count: &usize| rows as f64 / (counts.len() * (*count).max(1)) as f64;
        match self {
            Self::None => Vec::new(),
            Self::Balanced => counts.iter().map(balanced).collect(),
            Self::SqrtBalanced => counts.iter().map(|count| balanced(count).sqrt()).collect(),
        }
    }
}

/// How many versions of a dataset stay on disk. The current one always does, and so does every one that a run or a bundle
/// of the store was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Newest versions of the collected and of the curated dataset that stay; 0: all.
    pub keep_versions: usize,
}

/// Where documents come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Collect {
    /// Sources in order; paths may be `asset:NAME`, `hf:...`, `pypi:...` and so on.
    pub sources: Vec<Component>,
    /// What their records must look like; what does not is set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Schema>,
}

/// How the model is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Evaluate {
    /// Bootstrap resamples.
    pub resamples: usize,
    /// Confidence of the intervals.
    pub confidence: f64,
}

impl Default for Evaluate {
    fn default() -> Self {
        Self { resamples: 2000, confidence: 0.95 }
    }
}

/// What the bundle's card says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BundleSection {
    /// SPDX name of the licence under which the bundle is given on.
    pub license: String,
    /// Languages of the texts.
    pub languages: Vec<String>,
    /// What it is meant for.
    pub intended_use: String,
    /// Where it should not be trusted.
    pub limits: String,
}

impl Default for BundleSection {
    fn default() -> Self {
        Self {
            license: "other".into(),
            languages: vec!["en".into()],
            intended_use: "Classifying articles like those it was trained on.".into(),
            limits: "Texts of other kinds, times or languages than the training articles.".into(),
        }
    }
}

impl Recipe {
    /// The dataset's name.
    pub fn dataset(&self) -> &str {
        if self.dataset.is_empty() { &self.name } else { &self.dataset }
    }

    /// Checks every section; components are checked when they are built.
    pub fn check(&self) -> Result<()> {
        check_name("name", &self.name)?;
        check_name("dataset", self.dataset())?;
        if self.collect.sources.is_empty() {
            let hint = "e.g. sources = [{ use = \"csv\", path = \"articles.csv\" }]";
            let none = Invalid::new("collect.sources", "must name at least one source", "none");
            return Err(none.with_hint(hint).into());
        }
        if !(0.5..1.0).contains(&self.evaluate.confidence) {
            return Err(
                Invalid::new("evaluate.confidence", "must be in 0.5..1", self.evaluate.confidence).into()
            );
        }
        if let Some(schema) = &self.collect.schema {
            schema.check().map_err(|invalid| invalid.under("collect.schema"))?;
        }
        self.curate.check().map_err(|error| match error {
            biotope_data::Error::Invalid(invalid) => Error::Invalid(invalid.under("curate")),
            other => other.into(),
        })?;
        Ok(self.train.check().map_err(|invalid| invalid.under("train"))?)
    }
}

fn check_name(field: &str, name: &str) -> Result<(), Invalid> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.len() <= 80 && name.chars().all(plain) {
        return Ok(());
    }
    Err(Invalid::new(field, "must be 1 to 80 letters, digits, '-' or '_'", format!("{name:?}")))
}

#[cfg(test)]
mod tests {
    use super::ClassWeights;

    #[test]
    fn rare_classes_weigh_more() {
        assert_eq!(ClassWeights::Balanced.of(&[1, 3]), [2.0, 2.0 / 3.0]);
        assert_eq!(ClassWeights::SqrtBalanced.of(&[1, 3])[0], 2f64.sqrt());
        assert!(ClassWeights::None.of(&[1, 3]).is_empty());
    }
}
