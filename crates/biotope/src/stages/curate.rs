//! Clean, deduplicate, split: from the raw dataset to a new version of the curated one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use biotope_core::RecordId;
use biotope_data::{
    CurateConfig, CurateReport, Dataset, Outside, Quarantine, Shard, ShardReport, curate as curate_into,
    curate_shard, merge_shards,
};

use super::{Outcome, Stage};
use crate::{Error, House, Recipe, Result, assets, digest, retention};

/// Curates, unless the same collected content was curated in the same way before.
pub fn curate(house: &House, recipe: &Recipe) -> Result<Outcome> {
    let raw = house.store.raw(recipe.dataset())?;
    let key = key(house, recipe)?;
    let stamps = house.stamps(recipe);
    if let Some(report) = known(house, recipe, &key)?.filter(|_| !house.force) {
        return Ok(outcome(true, &report));
    }
    let config = resolved(house, recipe)?;
    let report = house.on_threads(recipe, || {
        let watcher = house.progress.as_ref();
        Ok(curate_into(&raw, &config, recipe.seed, &house.store, recipe.dataset(), watcher)?)
    })?;
    stamps.put("curate", &key, &report)?;
    retention::clear(house, recipe, &house.store.dataset(recipe.dataset())?)?;
    Ok(outcome(false, &report))
}

/// Where the shares of a dataset lie unless told otherwise: `<store>/shares/NAME`.
pub fn shares(house: &House, recipe: &Recipe) -> PathBuf {
    house.store.root().join("shares").join(recipe.dataset())
}

/// Cleans one share of the collected documents into a folder below `folder`; any machine can do that.
pub fn shard(house: &House, recipe: &Recipe, shard: Shard, folder: &Path) -> Result<ShardReport> {
    let (raw, config) = (collected(house, recipe)?, resolved(house, recipe)?);
    house.on_threads(recipe, || {
        Ok(curate_shard(raw.path(), &config, recipe.seed, shard, folder, house.progress.as_ref())?)
    })
}

/// Merges the shares in `folder` into a new version, which is the one that [`curate`] would have made.
pub fn merge(house: &House, recipe: &Recipe, folder: &Path) -> Result<Outcome> {
    let (key, name) = (key(house, recipe)?, recipe.dataset());
    let (raw, config) = (house.store.raw(name)?, resolved(house, recipe)?);
    let report = house.on_threads(recipe, || {
        let watcher = house.progress.as_ref();
        Ok(merge_shards(&raw, &config, recipe.seed, folder, &house.store, name, watcher)?)
    })?;
    house.stamps(recipe).put("curate", &key, &report)?;
    retention::clear(house, recipe, &house.store.dataset(name)?)?;
    Ok(outcome(false, &report))
}

/// The configuration as it is written, with files of labels fetched.
fn resolved(house: &House, recipe: &Recipe) -> Result<CurateConfig> {
    let fetched = assets::fetched(house, &recipe.curate.labels)?;
    Ok(CurateConfig { fetched, ..recipe.curate.clone() })
}

/// What the last curation by this recipe said, if nothing changed since.
pub fn report(house: &House, recipe: &Recipe) -> Option<CurateReport> {
    known(house, recipe, &key(house, recipe).ok()?).ok()?
}

/// What the stamp says, if it is still so: another content may be the newest since, by a rollback, a pull or another recipe.
fn known(house: &House, recipe: &Recipe, key: &str) -> Result<Option<CurateReport>> {
    let Some(report) = house.stamps(recipe).find::<CurateReport>("curate", key) else { return Ok(None) };
    match Dataset::open(house.store.dataset(recipe.dataset())?) {
        Ok(newest) => Ok((newest.digest()? == report.digest).then_some(report)),
        Err(biotope_data::Error::NoDataset { .. } | biotope_data::Error::Cleared { .. }) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// What is to be curated.
fn collected(house: &House, recipe: &Recipe) -> Result<Dataset> {
    Dataset::open(house.store.raw(recipe.dataset())?).map_err(|error| match error {
        biotope_data::Error::NoDataset { .. } => Error::Order { stage: "curate", needs: "collect" },
        other => other.into(),
    })
}

fn key(house: &House, recipe: &Recipe) -> Result<String> {
    let collected = collected(house, recipe)?;
    let (curate, steps) = (&recipe.curate, recipe.curate.settled_steps()?);
    let inputs = (curate, steps, recipe.seed, collected.digest()?, env!("CARGO_PKG_VERSION"));
    let outside = resolved(house, recipe)?.outside()?;
    let nothing = outside == Outside::default();
    Ok(if nothing { digest::of(&inputs) } else { digest::of(&(inputs, outside)) })
}

fn outcome(skipped: bool, report: &CurateReport) -> Outcome {
    let splits: Vec<String> =
        report.splits.iter().map(|(split, rows)| format!("{rows} {}", split.name())).collect();
    let set_aside: Vec<String> =
        report.set_aside.iter().map(|(step, rows)| format!("{rows} {step}")).collect();
    let aside = if set_aside.is_empty() { "none".to_owned() } else { set_aside.join(", ") };
    let summary = format!("{} documents ({}), set aside: {aside}", report.documents, splits.join(", "));
    Outcome::new(Stage::Curate, skipped, summary, report)
}

/// Clusters of near-duplicates with more than one member, by source: what stayed, and what was set aside for it.
pub fn clusters(house: &House, recipe: &Recipe) -> Result<Vec<Vec<String>>> {
    let mut clusters: BTreeMap<RecordId, Vec<String>> = BTreeMap::new();
    for row in Dataset::open(house.store.dataset(recipe.dataset())?)?.rows(None) {
        let row = row?;
        clusters.entry(row.cluster).or_default().push(row.doc.source);
    }
    for entry in Quarantine::entries(&house.store.quarantine(recipe.dataset())?)? {
        let entry = entry?;
        if let Some(cluster) = entry.cluster {
            clusters.entry(cluster).or_default().push(entry.source);
        }
    }
    Ok(clusters.into_values().filter(|members| members.len() > 1).collect())
}
