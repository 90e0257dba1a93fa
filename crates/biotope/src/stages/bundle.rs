//! Pack what ships: the best weights, the steps that cleaned the training pages, the numbers, the lineage.

use std::path::PathBuf;

use biotope_bundle::{Bundle, Lineage, Parts, card::Card, registry};
use biotope_core::RecordId;
use biotope_data::{CurateReport, Dataset};
use biotope_text::open_featurizer;
use serde::{Deserialize, Serialize};

use super::train::{locate, open};
use super::{Outcome, Stage};
use crate::run::Facts;
use crate::{Error, House, Recipe, Result, Run, digest, stamp};

/// What the stage left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Packed {
    name: String,
    version: String,
    folder: PathBuf,
}

/// Bundles, unless the same run was bundled in the same way before.
pub fn bundle(house: &House, recipe: &Recipe) -> Result<Outcome> {
    let (dataset, run) = locate(house, recipe, "bundle")?;
    let key =
        digest::of(&(&recipe.bundle, &recipe.serve, &recipe.evaluate, &run.id, env!("CARGO_PKG_VERSION")));
    let stamps = stamp::Stamps::new(run.dir.join("stages"));
    let known = stamps.find::<Packed>("bundle", &key).filter(|packed| packed.folder.is_dir());
    if let Some(packed) = known.filter(|_| !house.force) {
        return Ok(outcome(true, &packed));
    }
    let packed = pack(house, recipe, &dataset, &run)?;
    stamps.put("bundle", &key, &packed)?;
    Ok(outcome(false, &packed))
}

fn outcome(skipped: bool, packed: &Packed) -> Outcome {
    let summary = format!("{} version {} in {}", packed.name, packed.version, packed.folder.display());
    Outcome::new(Stage::Bundle, skipped, summary, packed)
}

fn pack(house: &House, recipe: &Recipe, dataset: &Dataset, run: &Run) -> Result<Packed> {
    let evaluation = super::evaluate::evaluation(recipe, run);
    if evaluation.is_none() {
        return Err(Error::Order { stage: "bundle", needs: "evaluate" });
    }
    let (_, params, facts) = open(house, recipe, run)?;
    let featurizer = open_featurizer(&run.text())?;
    let store = house.store.root();
    let version = registry::next_version(store, &recipe.name)?;
    let folder = registry::folder(store, &recipe.name, &version)?;
    Bundle::save(
        &folder,
        &Parts {
            name: &recipe.name,
            version: &version,
            task: &facts.task,
            model: &facts.component,
            params: &params,
            featurizer: featurizer.as_ref(),
            steps: &recipe.curate.settled_steps()?,
            serve: &recipe.serve,
            evaluation: evaluation.as_ref(),
            lineage: &lineage(recipe, &facts),
            training_ids: &training_ids(dataset, &facts)?,
            card: &card(house, recipe),
            catalogue: &house.catalogue,
        },
    )?;
    Ok(Packed { name: recipe.name.clone(), version, folder })
}

fn lineage(recipe: &Recipe, facts: &Facts) -> Lineage {
    Lineage {
        recipe: digest::of(recipe),
        dataset: facts.dataset.clone(),
        dataset_version: facts.dataset_version,
        dataset_digest: facts.dataset_digest.clone(),
        run: facts.id.clone(),
        seed: facts.seed,
        splits: facts.learned_splits().iter().map(|split| split.name().to_owned()).collect(),
        code: format!("biotope {}", env!("CARGO_PKG_VERSION")),
        ..Lineage::default()
    }
}

/// The records that the weights have learned from, in the dataset's order.
fn training_ids(dataset: &Dataset, facts: &Facts) -> Result<Vec<RecordId>> {
    let mut ids = Vec::with_capacity(facts.learned_rows());
    for split in facts.learned_splits() {
        for row in dataset.rows(*split) {
            let doc = row?.doc;
            let is_known = doc.label.as_deref().is_some_and(|label| facts.task.index_of(label).is_some());
            ids.extend(is_known.then_some(doc.id));
        }
    }
    Ok(ids)
}

/// The recipe's words, and what curation set aside.
fn card(house: &House, recipe: &Recipe) -> Card {
    let report = super::curate::report(house, recipe);
    let dropped = |report: CurateReport| report.set_aside.into_iter().collect();
    Card {
        license: recipe.bundle.license.clone(),
        languages: recipe.bundle.languages.clone(),
        tags: vec!["biotope".into(), "text-classification".into()],
        intended_use: recipe.bundle.intended_use.clone(),
        limits: recipe.bundle.limits.clone(),
        dropped: report.map(dropped).unwrap_or_default(),
    }
}
