//! Learn: from the curated dataset to a run with the best weights.

use std::path::{Path, PathBuf};
use std::time::Instant;

use biotope_core::{Component, Document, Invalid, Target, Task};
use biotope_data::{Dataset, Split};
use biotope_nn::{Example, Model, Params};
use biotope_text::{Featurizer, train_featurizer};
use biotope_train::callbacks::ProgressBar;
use biotope_train::{Kind, RunDir, TrainConfig, Trainer};
use candle_core::Device;

use super::{Outcome, Stage};
use crate::run::Facts;
use crate::{Error, House, Recipe, Result, Run, assets, digest, stamp};

/// The option of a model that names pretrained weights.
const FROM: &str = "from";

/// Trains, unless the same recipe was trained on the same content before. A run that was killed goes on where it was.
pub fn train(house: &House, recipe: &Recipe) -> Result<Outcome> {
    let (dataset, run) = locate(house, recipe, "train")?;
    if let Some(facts) = run.facts().ok().filter(|_| !house.force) {
        return Ok(outcome(true, &facts));
    }
    if house.force && run.dir.exists() {
        std::fs::remove_dir_all(&run.dir).map_err(Error::io("remove", &run.dir))?;
    }
    let facts = house.on_threads(recipe, || learn(house, recipe, &dataset, &run))?;
    run.write("run.json", &facts)?;
    Ok(outcome(false, &facts))
}

fn outcome(skipped: bool, facts: &Facts) -> Outcome {
    let summary = format!(
        "{} trained on {} documents in {} steps, best at step {} (accuracy {:.2} % on {} validation documents), run {}",
        facts.model,
        facts.train_rows,
        facts.steps,
        facts.best_step,
        facts.valid.get("accuracy").unwrap_or(&f64::NAN) * 100.0,
        facts.valid_rows,
        facts.id
    );
    Outcome::new(Stage::Train, skipped, summary, facts)
}

/// The curated dataset, and the run that this recipe has on it.
pub fn locate(house: &House, recipe: &Recipe, stage: &'static str) -> Result<(Dataset, Run)> {
    let dataset = Dataset::open(house.store.dataset(recipe.dataset())?).map_err(|error| match error {
        biotope_data::Error::NoDataset { .. } => Error::Order { stage, needs: "curate" },
        other => other.into(),
    })?;
    let inputs = (
        &recipe.text,
        &recipe.model,
        recipe.class_weights,
        &recipe.train,
        recipe.seed,
        dataset.digest()?,
        env!("CARGO_PKG_VERSION"),
    );
    let key = digest::of(&inputs);
    let id = format!("{}-{}-{}", recipe.name, recipe.model.name, digest::short(&key));
    Ok((dataset, Run::new(house, id)))
}

fn learn(house: &House, recipe: &Recipe, dataset: &Dataset, run: &Run) -> Result<Facts> {
    stamp::write(&run.dir.join("recipe.toml"), recipe.to_toml().as_bytes())?;
    let train = documents(dataset, Split::Train)?;
    let valid = documents(dataset, Split::Valid)?;
    let task = task(&train, recipe.dataset())?;
    let text = assets::resolve(house, &recipe.text)?;
    let featurizer = train_featurizer(&text, &mut train.iter().map(Document::full_text))?;
    featurizer.save(&fresh(&run.text())?)?;
    let (train, valid) =
        (examples(featurizer.as_ref(), &task, &train)?, examples(featurizer.as_ref(), &task, &valid)?);
    let params = Params::new(recipe.seed, &Device::Cpu);
    let vocabulary = featurizer.vocab_size();
    let (component, weights) = shape(house, &recipe.model, vocabulary)?;
    let model = house.catalogue.build(&component, &task, vocabulary, &params)?;
    if let Some(folder) = weights {
        biotope_models::bert::open_pretrained(&params, &folder)?;
    }
    let begun = Instant::now();
    let bar = ProgressBar::new(house.progress.as_ref(), format!("train {}", recipe.model.name));
    let config = weighted(recipe, &task, &train);
    let done = Trainer::new(&config, recipe.seed, model.as_ref(), &params, &task)?
        .clock(move || begun.elapsed().as_secs_f64())
        .callback(bar)
        .run(&train, &valid, &RunDir::open(&run.dir)?)?;
    Ok(Facts {
        id: run.id.clone(),
        recipe: recipe.name.clone(),
        model: recipe.model.name.clone(),
        component,
        dataset: recipe.dataset().to_owned(),
        dataset_version: dataset.version(),
        dataset_digest: dataset.digest()?,
        seed: recipe.seed.0,
        task,
        train_rows: train.len(),
        valid_rows: valid.len(),
        vocabulary,
        parameters: params.elements(),
        steps: done.steps,
        best_step: done.best_step,
        best_value: done.best_value,
        valid: done
            .history
            .iter()
            .find(|m| m.step == done.best_step)
            .map(|m| m.metrics.clone())
            .unwrap_or_default(),
        stopped_early: done.stopped_early,
        train_seconds: done.seconds,
    })
}

/// The loop's options with the class weights that the recipe asks for.
fn weighted(recipe: &Recipe, task: &Task, train: &[Example]) -> TrainConfig {
    let mut counts = vec![0; task.labels().len()];
    for example in train {
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

/// An empty folder in place of whatever was there.
fn fresh(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(Error::io("remove", folder))?;
    }
    std::fs::create_dir_all(folder).map_err(Error::io("make folder", folder))?;
    Ok(folder.to_owned())
}

/// The documents of a split, in the dataset's order.
pub fn documents(dataset: &Dataset, split: Split) -> Result<Vec<Document>> {
    Ok(dataset.rows(split).map(|row| Ok(row?.doc)).collect::<biotope_data::Result<_>>()?)
}

fn task(train: &[Document], dataset: &str) -> Result<Task> {
    let task = Task::single_label(train.iter().filter_map(|doc| doc.label.clone()));
    match task.labels().len() {
        0 | 1 => Err(Error::Dataset {
            dataset: dataset.to_owned(),
            why: format!(
                "the training split has {} distinct labels, a classifier needs two",
                task.labels().len()
            ),
        }),
        _ => Ok(task),
    }
}

/// Numbers and targets of documents. A document whose label the training split does not know has no target to be
/// held against and is left out.
pub fn examples(featurizer: &dyn Featurizer, task: &Task, docs: &[Document]) -> Result<Vec<Example>> {
    let class = |doc: &Document| task.index_of(doc.label.as_deref()?);
    let features = featurizer.features_all(docs)?;
    let examples = docs.iter().zip(features).filter_map(|(doc, features)| {
        Some(Example { id: doc.id, features, target: Some(Target::Class(class(doc)?)) })
    });
    Ok(examples.collect())
}

/// The model with every option filled in, and the folder of pretrained weights if the recipe names one (its shape
/// then comes from there, with the recipe's own options on top).
fn shape(house: &House, model: &Component, vocabulary: usize) -> Result<(Component, Option<PathBuf>)> {
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

/// The model of a finished run, with its best weights.
pub fn open(house: &House, recipe: &Recipe, run: &Run) -> Result<(Box<dyn Model>, Params, Facts)> {
    let facts = run.facts().map_err(|_| Error::Order { stage: "evaluate", needs: "train" })?;
    let params = Params::new(recipe.seed, &Device::Cpu);
    let model = house.catalogue.build(&facts.component, &facts.task, facts.vocabulary, &params)?;
    params.load(&RunDir::open(&run.dir)?.checkpoint(Kind::Best).join("model.safetensors"))?;
    Ok((model, params, facts))
}
