//! Clean, deduplicate, split: from the raw dataset to a new version of the curated one.

use biotope_data::{CurateReport, Dataset, curate as curate_into};

use super::{Outcome, Stage};
use crate::{Error, House, Recipe, Result, digest};

/// Curates, unless the same collected content was curated in the same way before.
pub fn curate(house: &House, recipe: &Recipe) -> Result<Outcome> {
    let raw = house.store.raw(recipe.dataset())?;
    let collected = Dataset::open(&raw).map_err(|error| match error {
        biotope_data::Error::NoDataset { .. } => Error::Order { stage: "curate", needs: "collect" },
        other => other.into(),
    })?;
    let key = digest::of(&(&recipe.curate, recipe.seed, collected.digest()?, env!("CARGO_PKG_VERSION")));
    let stamps = house.stamps(recipe);
    if let Some(report) = stamps.find::<CurateReport>("curate", &key).filter(|_| !house.force) {
        return Ok(outcome(true, &report));
    }
    let report = house.on_threads(recipe, || {
        let done = curate_into(&raw, &recipe.curate, recipe.seed, &house.store, recipe.dataset(), house.progress.as_ref());
        Ok(done?)
    })?;
    stamps.put("curate", &key, &report)?;
    Ok(outcome(false, &report))
}

fn outcome(skipped: bool, report: &CurateReport) -> Outcome {
    Outcome::new(Stage::Curate, skipped, report.to_string(), report)
}
