//! What lies between two versions: rows added, removed and changed, and by which step.
//!
//! Memory: about 200 bytes per row of the older version; texts are not kept.

use std::collections::{BTreeMap, HashMap};

use biotope_core::{RecordId, Trace};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use crate::Result;
use crate::dataset::{Dataset, Row};
use crate::quarantine::SetAside;

/// Names of the fields that are compared.
const FIELDS: [&str; 7] = ["cluster", "label", "language", "published", "split", "text", "title"];

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// Only the newer version has it.
    Added,
    /// Only the older version has it.
    Removed,
    /// Both have it, and it differs.
    Changed,
}

/// One row that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Difference {
    /// What happened.
    pub what: What,
    /// The record.
    pub id: RecordId,
    /// Fields that differ, of a changed row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The step or stage that did it, as far as trails and quarantine tell.
    pub step: String,
    /// Why, in its words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// A setting that differs between the configurations of two versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// Dotted key (`"config.dedup.threshold"`).
    pub key: String,
    /// In the older version; null if it had none.
    pub old: Value,
    /// In the newer version.
    pub new: Value,
}

/// What lies between two versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diff {
    /// The older version, and the newer one.
    pub versions: [u64; 2],
    /// Rows of both.
    pub rows: [u64; 2],
    /// How many rows were added, removed, changed.
    pub counts: BTreeMap<What, u64>,
    /// How many changed in each field.
    pub fields: BTreeMap<String, u64>,
    /// How many rows each step removed or changed.
    pub steps: BTreeMap<String, u64>,
    /// Settings that differ.
    pub settings: Vec<Setting>,
    /// Every row that differs, sorted by what happened and id.
    pub differences: Vec<Difference>,
}

/// A row of the older version, small.
struct Known {
    fields: [u64; FIELDS.len()],
    /// Step (number of its name) and hash of what it did.
    trail: Vec<(u16, u64)>,
}

fn hash(text: Option<&str>) -> u64 {
    text.map_or(0, |text| xxh3_64(text.as_bytes()) | 1)
}

fn fields(row: &Row) -> [u64; FIELDS.len()] {
    let (doc, cluster) = (&row.doc, row.cluster.to_string());
    [
        hash(Some(&cluster)),
        hash(doc.label.as_deref()),
        hash(doc.language.as_deref()),
        hash(doc.published.as_deref()),
        hash(Some(row.split.name())),
        hash(Some(&doc.text)),
        hash(doc.title.as_deref()),
    ]
}

fn told(trace: &Trace) -> u64 {
    xxh3_64(&serde_json::to_vec(trace).expect("a trace is plain data"))
}

/// Compares two versions. `set_aside` is the quarantine of the newer one, which says why rows are gone.
pub fn diff(old: &Dataset, new: &Dataset, set_aside: &[SetAside]) -> Result<Diff> {
    let (mut steps, mut known) = (Steps::default(), HashMap::new());
    for row in old.rows(None) {
        let row = row?;
        let trail = row.doc.trail.iter().map(|trace| (steps.number(&trace.step), told(trace))).collect();
        known.insert(row.doc.id, Known { fields: fields(&row), trail });
    }
    let (old_rows, mut new_rows, mut differences) = (known.len() as u64, 0, Vec::new());
    for row in new.rows(None) {
        let row = row?;
        new_rows += 1;
        differences.extend(match known.remove(&row.doc.id) {
            Some(before) => changed(&before, &row, &steps),
            None => Some(Difference::of(What::Added, row.doc.id, "collect", "")),
        });
    }
    let reasons: HashMap<RecordId, &SetAside> =
        set_aside.iter().filter_map(|entry| Some((entry.id?, entry))).collect();
    differences.extend(known.into_keys().map(|id| match reasons.get(&id) {
        Some(entry) => Difference::of(What::Removed, id, &entry.step, &entry.why),
        None => Difference::of(What::Removed, id, "collect", "it was not collected again"),
    }));
    differences.sort_unstable();
    let settings = settings(&old.about()?, &new.about()?);
    Ok(Diff::of([old.version(), new.version()], [old_rows, new_rows], settings, differences))
}

impl Difference {
    fn of(what: What, id: RecordId, step: &str, why: &str) -> Self {
        Self { what, id, fields: Vec::new(), step: step.to_owned(), why: why.to_owned() }
    }
}

impl Diff {
    fn of(versions: [u64; 2], rows: [u64; 2], settings: Vec<Setting>, differences: Vec<Difference>) -> Self {
        let (mut counts, mut fields, mut steps) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for difference in &differences {
            *counts.entry(difference.what).or_default() += 1;
            if difference.what != What::Added {
                *steps.entry(difference.step.clone()).or_default() += 1;
            }
            difference.fields.iter().for_each(|field| *fields.entry(field.clone()).or_default() += 1);
        }
        Self { versions, rows, counts, fields, steps, settings, differences }
    }
}

fn changed(before: &Known, row: &Row, steps: &Steps) -> Option<Difference> {
    let now = fields(row);
    let differs = |index: &usize| before.fields[*index] != now[*index];
    let fields: Vec<String> =
        (0..FIELDS.len()).filter(differs).map(|index| FIELDS[index].to_owned()).collect();
    let step = match fields.first()?.as_str() {
        "cluster" if fields.len() == 1 => "duplicate",
        "split" if fields.len() == 1 => "split",
        _ => first_other(before, &row.doc.trail, steps).unwrap_or("a newer step of the same name"),
    };
    Some(Difference { fields, ..Difference::of(What::Changed, row.doc.id, step, "") })
}

/// The first step that did something else than before, or that is new or gone.
fn first_other<'a>(before: &Known, trail: &'a [Trace], steps: &'a Steps) -> Option<&'a str> {
    let same = |(trace, known): &(&Trace, &(u16, u64))| {
        steps.0.get(usize::from(known.0)).is_some_and(|step| *step == trace.step) && known.1 == told(trace)
    };
    let common = trail.iter().zip(&before.trail).take_while(same).count();
    let gone = || before.trail.get(common).and_then(|(step, _)| steps.0.get(usize::from(*step)));
    trail.get(common).map(|trace| trace.step.as_str()).or_else(|| gone().map(String::as_str))
}

/// Names of steps by number.
#[derive(Default)]
struct Steps(Vec<String>);

impl Steps {
    fn number(&mut self, name: &str) -> u16 {
        let known = self.0.iter().position(|known| known == name);
        let number = known.unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        u16::try_from(number).unwrap_or(u16::MAX)
    }
}

fn settings(old: &Value, new: &Value) -> Vec<Setting> {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    for (about, flat) in [(old, &mut before), (new, &mut after)] {
        flatten("config", &about["config"], flat);
        flatten("seed", &about["seed"], flat);
    }
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let value = |map: &BTreeMap<String, Value>, key: &String| map.get(key).cloned().unwrap_or_default();
    let setting =
        |key: &String| Setting { key: key.clone(), old: value(&before, key), new: value(&after, key) };
    keys.into_iter().map(setting).filter(|setting| setting.old != setting.new).collect()
}

fn flatten(key: &str, value: &Value, flat: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| flatten(&format!("{key}.{name}"), value, flat));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, value)| flatten(&format!("{key}[{n}]"), value, flat));
        }
        Value::Null => {}
        other => {
            flat.insert(key.to_owned(), other.clone());
        }
    }
}

/// The quarantine that belongs to a version: only the newest curation left one.
pub fn reasons<'a>(new: &Dataset, set_aside: &'a [SetAside]) -> Result<&'a [SetAside]> {
    let history = new.history()?;
    let curated = history.iter().find(|info| info.about["rollback_to"].is_null());
    let ours = curated.is_some_and(|info| info.version == new.version());
    Ok(if ours { set_aside } else { &[] })
}
