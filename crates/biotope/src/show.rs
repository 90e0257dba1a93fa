//! What is known about a dataset, a run, a bundle, a record: from a prediction back to its articles.

use biotope_data::{Dataset, Quarantine};
use serde_json::{Value, json};

use crate::{Error, House, Result, Run, stages, versions};

mod record;

pub use record::record;

/// Versions, rows, labels and what was set aside.
pub fn dataset(house: &House, name: &str) -> Result<Value> {
    let dataset = versions::open(house, name)?;
    let plain = biotope_data::versions::named(name)?.0;
    let openings = match dataset.openings() {
        Ok(openings) => json!(openings.len()),
        Err(damage @ biotope_data::Error::Format { .. }) => json!(damage.to_string()),
        Err(other) => return Err(other.into()),
    };
    Ok(json!({
        "name": name,
        "folder": dataset.path(),
        "version": dataset.version(),
        "digest": dataset.digest()?,
        "rows": dataset.len()?,
        "labels": dataset.labels()?,
        "openings of the test split": openings,
        "history": dataset.history()?,
        "set aside": set_aside(house, plain, &dataset)?,
    }))
}

/// Counts by reason, if the quarantine is that of this content; else by step, as its commit says.
fn set_aside(house: &House, name: &str, dataset: &Dataset) -> Result<Value> {
    let Some(entries) = Quarantine::of(&house.store.quarantine(name)?, &dataset.digest()?)? else {
        let said = dataset.about()?["set_aside"].take();
        return Ok(if said.is_null() { json!("not known") } else { said });
    };
    let mut reasons = std::collections::BTreeMap::new();
    for entry in entries {
        let entry = entry?;
        *reasons.entry(format!("{}: {}", entry.step, entry.why)).or_insert(0u64) += 1;
    }
    Ok(json!(reasons))
}

/// Recipe, data and numbers.
pub fn run(house: &House, id: &str) -> Result<Value> {
    let run = Run::find(house, id)?;
    let recipe = run.recipe()?;
    let metrics = stages::evaluate::evaluation(&recipe, &run).map(|evaluation| evaluation.metrics);
    Ok(json!({ "folder": run.dir, "facts": run.facts().ok(), "metrics": metrics, "recipe": recipe }))
}

/// Card, numbers and lineage.
pub fn bundle(house: &House, name: &str) -> Result<Value> {
    let folder = stages::predict::locate(house, name)?;
    let bundle = biotope_bundle::Bundle::open(&folder)?;
    let card = folder.join("README.md");
    let card = std::fs::read_to_string(&card).map_err(Error::io("read", &card))?;
    Ok(json!({
        "folder": folder,
        "signature": biotope_bundle::Predictor::signature(&bundle),
        "lineage": bundle.lineage(),
        "card": card,
    }))
}
