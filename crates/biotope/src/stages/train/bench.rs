//! What one training works with: a featurizer that learned from its documents, and a model as it begins.

use std::time::Instant;

use biotope_core::{Component, Document, Invalid, Target, Task};
use biotope_nn::{Example, Model, Params};
use biotope_text::{Featurizer, train_featurizer};
use biotope_train::callbacks::ProgressBar;
use biotope_train::{TrainConfig, Trainer};
use candle_core::Device;

use super::examples;
use crate::{House, Recipe, Result, assets};

/// The option of a model that names pretrained weights.
const FROM: &str = "from";

/// Featurizer, model and parameters: from recipe, seed and documents alone.
pub(super) struct Bench<'a> {
    recipe: &'a Recipe,
    task: &'a Task,
    pub(super) featurizer: Box<dyn Featurizer>,
    /// The model with every option filled in.
    pub(super) component: Component,
    model: Box<dyn Model>,
    pub(super) params: Params,
}

impl<'a> Bench<'a> {
    pub(super) fn new(house: &House, recipe: &'a Recipe, task: &'a Task, docs: &[Document]) -> Result<Self> {
        let text = assets::resolve(house, &recipe.text)?;
        let featurizer = train_featurizer(&text, &mut docs.iter().map(Document::full_text))?;
        let vocabulary = featurizer.vocab_size();
        let params = Params::new(recipe.seed, &Device::Cpu);
        let (component, weights) = shape(house, &recipe.model, vocabulary)?;
        let model = house.catalogue.build(&component, task, vocabulary, &params)?;
        if let Some(folder) = weights {
            biotope_models::bert::open_pretrained(&params, &folder)?;
        }
        Ok(Self { recipe, task, featurizer, component, model, params })
    }

    /// Documents as numbers.
    pub(super) fn examples(&self, docs: &[Document]) -> Result<Vec<Example>> {
        examples(self.featurizer.as_ref(), self.task, docs)
    }

    /// A trainer of the model, with the class weights of these examples.
    pub(super) fn trainer<'b>(
        &'b self,
        house: &'b House,
        doing: &str,
        learned: &[Example],
    ) -> Result<Trainer<'b>> {
        let begun = Instant::now();
        let bar = ProgressBar::new(house.progress.as_ref(), format!("{doing} {}", self.recipe.model.name));
        let config = weighted(self.recipe, self.task, learned);
        let trainer = Trainer::new(&config, self.recipe.seed, self.model.as_ref(), &self.params, self.task)?;
        Ok(trainer.clock(move || begun.elapsed().as_secs_f64()).callback(bar))
    }
}

/// The loop's options with the class weights that the recipe asks for.
fn weighted(recipe: &Recipe, task: &Task, learned: &[Example]) -> TrainConfig {
    let mut counts = vec![0; task.labels().len()];
    for example in learned {
        if let Some(Target::Class(class)) = example.target {
            counts[class] += 1;
        }
    }
    let (mut config, weights) = (recipe.train.clone(), recipe.class_weights.of(&counts));
    if !weights.is_empty() {
        config.loss = Some(config.loss_for(task).with("class_weights", weights));
    }
    config
}

/// The model with every option filled in, and the folder of pretrained weights if the recipe names one (its shape
/// then comes from there, with the recipe's own options on top).
fn shape(
    house: &House,
    model: &Component,
    vocabulary: usize,
) -> Result<(Component, Option<std::path::PathBuf>)> {
    let mut plain = model.clone();
    let Some(from) = plain.options.remove(FROM) else {
        return Ok((house.catalogue.filled(&plain, vocabulary)?, None));
    };
    let from = from
        .as_str()
        .ok_or_else(|| Invalid::new("model.from", "must be a folder or a group of assets", &from))?;
    let folder = assets::pretrained(house, from)?;
    let mut component = Component::of(&biotope_models::bert::read_config(&folder)?);
    component.options.extend(plain.options);
    let component = Component { name: plain.name, ..component };
    Ok((house.catalogue.filled(&component, vocabulary)?, Some(folder)))
}
