//! Which old versions of a dataset may go: those that no run and no bundle leads back to.

use std::collections::BTreeSet;
use std::path::Path;

use biotope_bundle::{Lineage, registry};
use biotope_data::{Cleared, Dataset};

use crate::run::read_json;
use crate::{House, Recipe, Result, Run};

/// Clears old versions of the recipe's dataset at `path`, as its `retention` section says.
pub fn clear(house: &House, recipe: &Recipe, path: &Path) -> Result<Cleared> {
    let keep = recipe.retention.keep_versions;
    if keep == 0 {
        return Ok(Cleared::default());
    }
    let is_curated = path == house.store.dataset(recipe.dataset())?;
    let needed = if is_curated { needed(house, recipe.dataset())? } else { BTreeSet::new() };
    Ok(Dataset::open(path)?.clear_old_versions(keep, &needed)?)
}

/// Versions of the curated dataset that runs and bundles of the store were made from.
pub fn needed(house: &House, dataset: &str) -> Result<BTreeSet<u64>> {
    let mut versions = BTreeSet::new();
    // A run without facts is not finished, and will begin anew on the newest version.
    for facts in Run::all(house)?.iter().filter_map(|run| run.facts().ok()) {
        versions.extend((facts.dataset == dataset).then_some(facts.dataset_version));
    }
    for stored in registry::list(house.store.root())? {
        let lineage: Lineage = read_json(&stored.path.join("lineage.json"))?;
        versions.extend((lineage.dataset == dataset).then_some(lineage.dataset_version));
    }
    Ok(versions)
}
