//! Learn: from the curated dataset to a run with the best weights.

mod bench;

use std::path::{Path, PathBuf};

use biotope_core::{Document, Target, Task};
use biotope_data::{Dataset, Split};
use biotope_nn::{Example, Model, Params};
use biotope_text::Featurizer;
use biotope_train::RunDir;
use candle_core::Device;

use self::bench::Bench;
use super::{Outcome, Stage};
use crate::run::{Facts, Refit};
use crate::{Error, House, Recipe, Result, Run, digest, stamp};

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
    let refit = facts.refit.as_ref().map_or_else(String::new, |refit| {
        format!(", then on all {} for {:.2} passes in {} steps", refit.rows, refit.passes, refit.steps)
    });
    let summary = format!(
        "{} trained on {} documents in {} steps, best at step {} (accuracy {:.2} % on {} validation documents){refit}, run {}",
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
        recipe.refit,
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
    let bench = Bench::new(house, recipe, &task, &train)?;
    bench.featurizer.save(&fresh(&run.text())?)?;
    let (learned, judged) = (bench.examples(&train)?, bench.examples(&valid)?);
    let done = bench.trainer(house, "train", &learned)?.run(&learned, &judged, &RunDir::open(&run.dir)?)?;
    let at_best = done.history.iter().find(|measured| measured.step == done.best_step);
    let facts = Facts {
        id: run.id.clone(),
        recipe: recipe.name.clone(),
        model: recipe.model.name.clone(),
        component: bench.component,
        dataset: recipe.dataset().to_owned(),
        dataset_version: dataset.version(),
        dataset_digest: dataset.digest()?,
        seed: recipe.seed.0,
        task: task.clone(),
        train_rows: learned.len(),
        valid_rows: judged.len(),
        vocabulary: bench.featurizer.vocab_size(),
        parameters: bench.params.elements(),
        steps: done.steps,
        best_step: done.best_step,
        best_value: done.best_value,
        valid: at_best.map(|measured| measured.metrics.clone()).unwrap_or_default(),
        stopped_early: done.stopped_early,
        train_seconds: done.seconds,
        refit: None,
    };
    if recipe.refit { refit(house, recipe, run, &[train, valid].concat(), &done, facts) } else { Ok(facts) }
}

/// The same once more from the start on everything that was learned from or chosen by, as far as the first training
/// was best. Text and model of the run are then those of this one; what the validation split said stays.
fn refit(
    house: &House,
    recipe: &Recipe,
    run: &Run,
    docs: &[Document],
    chosen: &biotope_train::Outcome,
    facts: Facts,
) -> Result<Facts> {
    let bench = Bench::new(house, recipe, &facts.task, docs)?;
    let learned = bench.examples(docs)?;
    let dir = RunDir::open(run.refit())?;
    let done = bench.trainer(house, "refit", &learned)?.refit(&learned, chosen, &dir)?;
    bench.featurizer.save(&fresh(&run.text())?)?;
    Ok(Facts {
        component: bench.component,
        vocabulary: bench.featurizer.vocab_size(),
        parameters: bench.params.elements(),
        train_seconds: facts.train_seconds + done.seconds,
        refit: Some(Refit { rows: learned.len(), passes: chosen.passes.best, steps: done.steps }),
        ..facts
    })
}

/// An empty folder in place of whatever was there.
fn fresh(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(Error::io("remove", folder))?;
    }
    std::fs::create_dir_all(folder).map_err(Error::io("make folder", folder))?;
    Ok(folder.to_owned())
}

/// The documents of a split to learn from, in the dataset's order. The test split is refused.
pub fn documents(dataset: &Dataset, split: Split) -> Result<Vec<Document>> {
    Ok(dataset.rows_to_learn(split)?.map(|row| Ok(row?.doc)).collect::<biotope_data::Result<_>>()?)
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

/// The model of a finished run, with the weights that ship.
pub fn open(house: &House, recipe: &Recipe, run: &Run) -> Result<(Box<dyn Model>, Params, Facts)> {
    let facts = run.facts().map_err(|_| Error::Order { stage: "evaluate", needs: "train" })?;
    let params = Params::new(recipe.seed, &Device::Cpu);
    let model = house.catalogue.build(&facts.component, &facts.task, facts.vocabulary, &params)?;
    params.load(&run.weights(&facts)?)?;
    Ok((model, params, facts))
}
