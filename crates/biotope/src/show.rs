//! What is known about a dataset, a run, a bundle, a record: from a prediction back to its articles.

use std::path::Path;

use biotope_core::RecordId;
use biotope_data::{Dataset, Quarantine, Row};
use serde_json::{Value, json};

use crate::house::folders;
use crate::stages::evaluate::PredictionLine;
use crate::{Error, House, Result, Run, stages};

/// Versions, rows, labels and what was set aside.
pub fn dataset(house: &House, name: &str) -> Result<Value> {
    let dataset = Dataset::open(house.store.dataset(name)?)?;
    let set_aside = Quarantine::read(&house.store.quarantine(name)?)?;
    let mut reasons = std::collections::BTreeMap::new();
    for entry in &set_aside {
        *reasons.entry(format!("{}: {}", entry.step, entry.why)).or_insert(0u64) += 1;
    }
    Ok(json!({
        "name": name,
        "folder": dataset.path(),
        "version": dataset.version(),
        "digest": dataset.digest()?,
        "rows": dataset.len()?,
        "labels": dataset.labels()?,
        "history": dataset.history()?,
        "set aside": reasons,
    }))
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

/// Where a record came from, what each step did, which split holds it, and what each run predicted for it; or why it
/// was set aside. `None` if no dataset of the store has seen it.
pub fn record(house: &House, id: &str) -> Result<Option<Value>> {
    let id: RecordId = id.parse().map_err(|e: biotope_core::record::BadRecordId| Error::Missing {
        kind: "record",
        name: e.got,
        place: house.store.root().to_owned(),
    })?;
    let mut datasets = Vec::new();
    for folder in folders(&house.store.root().join("datasets"))? {
        datasets.extend(in_dataset(house, &folder, id)?);
    }
    if datasets.is_empty() {
        return Ok(None);
    }
    Ok(Some(json!({ "id": id, "datasets": datasets, "predictions": predictions(house, id)? })))
}

fn in_dataset(house: &House, folder: &Path, id: RecordId) -> Result<Option<Value>> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(raw) = name.strip_suffix(".raw") {
        let reasons = set_aside(house, raw, id)?;
        return Ok((!reasons.is_empty()).then(|| json!({ "dataset": raw, "set_aside": reasons })));
    }
    let dataset = Dataset::open(folder)?;
    for row in dataset.rows(None) {
        let row = row?;
        if row.doc.id == id {
            return Ok(Some(row_json(&name, dataset.version(), &row)));
        }
    }
    Ok(None)
}

fn row_json(dataset: &str, version: u64, row: &Row) -> Value {
    json!({
        "dataset": dataset,
        "version": version,
        "source": row.doc.source,
        "title": row.doc.title,
        "published": row.doc.published,
        "language": row.doc.language,
        "label": row.doc.label,
        "split": row.split,
        "cluster": row.cluster,
        "meta": row.doc.meta,
        "trail": row.doc.trail,
    })
}

fn set_aside(house: &House, dataset: &str, id: RecordId) -> Result<Vec<Value>> {
    let entries = Quarantine::read(&house.store.quarantine(dataset)?)?;
    let ours = entries.into_iter().filter(|entry| entry.id == Some(id));
    Ok(ours.map(|entry| json!({ "step": entry.step, "why": entry.why, "source": entry.source })).collect())
}

fn predictions(house: &House, id: RecordId) -> Result<Vec<Value>> {
    let wanted = id.to_string();
    let mut found = Vec::new();
    for run in Run::all(house)? {
        let path = run.dir.join("predictions.jsonl");
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for line in text.lines().filter(|line| line.contains(&wanted)) {
            let line: PredictionLine = serde_json::from_str(line)
                .map_err(|e| Error::Damaged { path: path.clone(), why: e.to_string() })?;
            let score = line.scores.iter().copied().fold(0.0, f64::max);
            found.push(json!({ "run": run.id, "label": line.label, "predicted": line.predicted, "probability": score }));
        }
    }
    Ok(found)
}
