//! The trail of one record: where it came from, what each step did, where it ended, who holds it.

use std::path::Path;

use biotope_core::{Document, RecordId};
use biotope_data::quarantine::Entries;
use biotope_data::{Dataset, Quarantine, Row, SetAside};
use serde_json::{Value, json};

use crate::house::folders;
use crate::stages::evaluate::PredictionLine;
use crate::{Error, House, Result, Run};

/// Members of a cluster that are listed.
const MEMBERS: usize = 100;

/// Where a record came from, what each step did, which split and which versions hold it, and what each run predicted
/// for it; or why it was set aside. `None` if no dataset of the store has seen it.
pub fn record(house: &House, id: &str) -> Result<Option<Value>> {
    let id: RecordId = id.parse().map_err(|e: biotope_core::record::BadRecordId| Error::Missing {
        kind: "record",
        name: e.got,
        place: house.store.root().to_owned(),
    })?;
    let mut datasets = Vec::new();
    for folder in folders(&house.store.root().join("datasets"))? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // A curated dataset tells of its collected one; what was never curated speaks for itself.
        match name.strip_suffix(".raw") {
            Some(plain) if house.store.dataset(plain)?.is_dir() => {}
            Some(plain) => datasets.extend(in_dataset(house, plain, None, id)?),
            None => datasets.extend(in_dataset(house, &name, Some(&folder), id)?),
        }
    }
    if datasets.is_empty() {
        return Ok(None);
    }
    Ok(Some(json!({ "id": id, "datasets": datasets, "predictions": predictions(house, id)? })))
}

fn in_dataset(house: &House, name: &str, curated: Option<&Path>, id: RecordId) -> Result<Option<Value>> {
    let folder = house.store.quarantine(name)?;
    let collected = collected(house, name, id)?;
    let aside = entries(Quarantine::entries(&folder)?, |entry| entry.id == Some(id), usize::MAX)?;
    let aside: Vec<Value> = aside.iter().map(self::aside).collect();
    let (mut told, mut held) = (json!({ "dataset": name }), false);
    if let Some(newest) = curated.map(opened).transpose()?.flatten() {
        let versions = newest.versions_with(id)?;
        held = !versions.is_empty();
        if let Some((dataset, row)) = holder(newest, &versions, id)? {
            told = row_json(name, &dataset, &row)?;
            let members = members(&dataset, &row, &folder)?;
            if members.len() > 1 {
                told["cluster members"] = members.into();
            }
        }
        told["versions"] = json!(versions);
    }
    if !held && aside.is_empty() && collected.is_none() {
        return Ok(None);
    }
    if let Some(collected) = collected {
        told["collected"] = collected;
    }
    if !aside.is_empty() {
        told["set_aside"] = aside.into();
    }
    Ok(Some(told))
}

/// The newest version in a folder; none if it was never finished.
fn opened(folder: &Path) -> Result<Option<Dataset>> {
    match Dataset::open(folder) {
        Ok(dataset) => Ok(Some(dataset)),
        Err(biotope_data::Error::NoDataset { .. }) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// The row of a record with the newest version that holds it.
fn holder(newest: Dataset, versions: &[u64], id: RecordId) -> Result<Option<(Dataset, Row)>> {
    let Some(last) = versions.last() else { return Ok(None) };
    let dataset = if *last == newest.version() { newest } else { Dataset::open_at(newest.path(), *last)? };
    let row = dataset.rows_of(&[id])?.pop();
    Ok(row.map(|row| (dataset, row)))
}

/// At most so many entries of those that are wanted; the others are not kept in memory.
fn entries(entries: Entries, wanted: impl Fn(&SetAside) -> bool, most: usize) -> Result<Vec<SetAside>> {
    let wanted = entries.filter(|entry| entry.as_ref().map_or(true, &wanted));
    Ok(wanted.take(most).collect::<biotope_data::Result<_>>()?)
}

/// The record as it was collected: when, and digests of the whole page, never the page.
fn collected(house: &House, name: &str, id: RecordId) -> Result<Option<Value>> {
    let Some(raw) = opened(&house.store.raw(name)?)? else { return Ok(None) };
    let Some(doc) = raw.document(id)? else { return Ok(None) };
    Ok(Some(json!({
        "source": doc.source,
        "fetched": doc.meta.get("fetched"),
        "version": raw.version(),
        "digest": digest(&doc),
        "characters": doc.text.chars().count(),
    })))
}

fn digest(doc: &Document) -> String {
    blake3::hash(doc.text.as_bytes()).to_hex().to_string()
}

fn row_json(name: &str, dataset: &Dataset, row: &Row) -> Result<Value> {
    Ok(json!({
        "dataset": name,
        "version": dataset.version(),
        "source": row.doc.source,
        "title": row.doc.title,
        "published": row.doc.published,
        "language": row.doc.language,
        "label": row.doc.label,
        "split": row.split,
        "cluster": row.cluster,
        "represents": row.cluster == row.doc.id,
        "digest": digest(&row.doc),
        "characters": row.doc.text.chars().count(),
        "meta": row.doc.meta,
        "trail": row.doc.trail,
        "steps": steps(&dataset.about()?, &row.doc),
    }))
}

/// Every step of the configuration, in its order, with what it did; then what else stands in the trail.
fn steps(about: &Value, doc: &Document) -> Vec<String> {
    let configured = about["config"]["steps"].as_array().cloned().unwrap_or_default();
    let names: Vec<String> = configured.iter().filter_map(|s| Some(s["use"].as_str()?.to_owned())).collect();
    let mut lines = Vec::new();
    for name in &names {
        let found: Vec<_> = doc.trail.iter().filter(|trace| trace.step == *name).collect();
        if found.is_empty() {
            lines.push(format!("{name}: changed nothing"));
        }
        lines.extend(found.into_iter().map(line));
    }
    lines.extend(doc.trail.iter().filter(|trace| !names.contains(&trace.step)).map(line));
    lines
}

fn line(trace: &biotope_core::Trace) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend((!trace.effect.is_empty()).then(|| trace.effect.clone()));
    if let Some(change) = &trace.change {
        if change.before != change.after {
            parts.push(format!("{} characters became {}", change.before, change.after));
        }
        if !change.fields.is_empty() {
            parts.push(format!("set {}", change.fields.join(", ")));
        }
    }
    format!("{}: {}", trace.step, parts.join("; "))
}

fn members(dataset: &Dataset, row: &Row, quarantine: &Path) -> Result<Vec<Value>> {
    let member = |id: RecordId, source: &str, kept: bool| json!({ "id": id, "source": source, "kept": kept });
    let kept = dataset.members(row.cluster)?;
    let kept = kept.iter().take(MEMBERS);
    let mut members: Vec<Value> = kept.map(|row| member(row.doc.id, &row.doc.source, true)).collect();
    let Some(aside) = Quarantine::of(quarantine, &dataset.digest()?)? else { return Ok(members) };
    let dropped = entries(aside, |entry| entry.cluster == Some(row.cluster), MEMBERS)?;
    members.extend(dropped.iter().filter_map(|entry| Some(member(entry.id?, &entry.source, false))));
    members.truncate(MEMBERS);
    Ok(members)
}

fn aside(entry: &SetAside) -> Value {
    let mut told = json!({ "step": entry.step, "why": entry.why, "source": entry.source });
    let more = [
        ("line", json!(entry.line)),
        ("cluster", json!(entry.cluster)),
        ("label", json!(entry.label)),
        ("before", json!(entry.trail.iter().map(line).collect::<Vec<_>>())),
    ];
    for (key, value) in more {
        if !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()) {
            told[key] = value;
        }
    }
    told
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
