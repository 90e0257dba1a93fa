//! What lies between two versions: rows added, removed and changed, and by which step.
//!
//! Memory grows with the rows of the older version and with those that differ: hashes and trails in numbers, no texts.

use std::collections::{BTreeMap, HashMap};

use biotope_core::{MediaType, RecordId, Trace};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use crate::Result;
use crate::dataset::{Dataset, Row};
use crate::quarantine::SetAside;

mod settings;

/// Names of the fields that are compared.
const FIELDS: [&str; 8] = ["cluster", "label", "language", "media", "published", "split", "text", "title"];

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
    source: u64,
    fields: [u64; FIELDS.len()],
    trail: Vec<Entry>,
}

/// An entry of its trail.
struct Entry {
    /// Number of the step's name.
    step: u16,
    /// Fields that it set, by [`bit`].
    touched: u16,
    /// Hash of what it did.
    told: u64,
}

impl Entry {
    fn of(trace: &Trace, steps: &mut Steps) -> Self {
        Self { step: steps.number(&trace.step), touched: touched(trace), told: told(trace) }
    }
}

fn bit(field: &str) -> u16 {
    FIELDS.iter().position(|known| *known == field).map_or(0, |index| 1 << index)
}

/// Fields that a step set, as far as its entry tells.
fn touched(trace: &Trace) -> u16 {
    let set = trace.change.iter().flat_map(|change| &change.fields).fold(0, |all, field| all | bit(field));
    // Rules of curation are not watched as steps are.
    set | if matches!(trace.step.as_str(), "label" | "rename") { bit("label") } else { 0 }
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
        hash(Some(if doc.media == MediaType::Html { "html" } else { "text" })),
        hash(doc.published.as_deref()),
        hash(Some(row.split.name())),
        hash(Some(&doc.text)),
        hash(doc.title.as_deref()),
    ]
}

fn told(trace: &Trace) -> u64 {
    xxh3_64(&serde_json::to_vec(trace).expect("a trace is plain data"))
}

/// Compares two versions. `set_aside` is the quarantine of the newer one, which says why rows are gone; it is read as a
/// stream, once.
///
/// An article that was edited at its source has another id; it is told as one row that changed.
pub fn diff(
    old: &Dataset,
    new: &Dataset,
    set_aside: impl IntoIterator<Item = Result<SetAside>>,
) -> Result<Diff> {
    let (before, after) = (old.about()?, new.about()?);
    let (mut steps, mut known) = (Steps::default(), HashMap::new());
    for row in old.rows(None) {
        let row = row?;
        let trail = row.doc.trail.iter().map(|trace| Entry::of(trace, &mut steps)).collect();
        let source = hash(Some(&row.doc.source));
        known.insert(row.doc.id, Known { source, fields: fields(&row), trail });
    }
    let compared = Compared { alike: settings::treated_alike(&before, &after), steps };
    let (old_rows, mut new_rows, mut differences) = (known.len() as u64, 0, Vec::new());
    let mut added: HashMap<u64, Vec<(RecordId, [u64; FIELDS.len()])>> = HashMap::new();
    for row in new.rows(None) {
        let row = row?;
        new_rows += 1;
        match known.remove(&row.doc.id) {
            Some(before) => differences.extend(compared.changed(&before, &row)),
            None => {
                added.entry(hash(Some(&row.doc.source))).or_default().push((row.doc.id, fields(&row)));
            }
        }
    }
    differences.extend(edited(&mut known, &mut added));
    let rest = added.into_values().flatten();
    differences.extend(rest.map(|(id, _)| Difference::of(What::Added, id, "collect", "")));
    differences.extend(removed(known, set_aside)?);
    differences.sort_unstable();
    let settings = settings::settings(&before, &after);
    Ok(Diff::of([old.version(), new.version()], [old_rows, new_rows], settings, differences))
}

/// Rows that went and rows that came from the same source, where that is one of each: the article was edited there.
fn edited(
    known: &mut HashMap<RecordId, Known>,
    added: &mut HashMap<u64, Vec<(RecordId, [u64; FIELDS.len()])>>,
) -> Vec<Difference> {
    let mut gone: HashMap<u64, Vec<RecordId>> = HashMap::new();
    for (id, row) in known.iter() {
        gone.entry(row.source).or_default().push(*id);
    }
    let mut found = Vec::new();
    for (source, ids) in gone {
        let ([was], Some([(id, now)])) = (&ids[..], added.get(&source).map(Vec::as_slice)) else { continue };
        let Some(before) = known.remove(was) else { continue };
        // A cluster is named by an id, so it differs whether or not its members do.
        let fields = differing(&before.fields, now).filter(|field| *field != "cluster");
        let fields = fields.map(str::to_owned).collect();
        let why = format!("edited at its source, was {was}");
        found.push(Difference { fields, ..Difference::of(What::Changed, *id, "collect", &why) });
        added.remove(&source);
    }
    found
}

/// The rows that went, by source, where only one of that source did: of several none can be told apart.
fn lone(known: &HashMap<RecordId, Known>) -> HashMap<u64, RecordId> {
    let mut sources = HashMap::new();
    for (id, row) in known {
        sources.entry(row.source).and_modify(|lone| *lone = None).or_insert(Some(*id));
    }
    sources.into_iter().filter_map(|(source, id)| Some((source, id?))).collect()
}

/// Rows that went, with the step that the quarantine names: by id, or, of an article that was edited, by source.
fn removed(
    known: HashMap<RecordId, Known>,
    set_aside: impl IntoIterator<Item = Result<SetAside>>,
) -> Result<Vec<Difference>> {
    let sources = lone(&known);
    let mut reasons: HashMap<RecordId, (bool, String, String)> = HashMap::new();
    for entry in set_aside {
        let entry = entry?;
        let itself = entry.id.filter(|id| known.contains_key(id));
        let Some(id) = itself.or_else(|| sources.get(&hash(Some(&entry.source))).copied()) else { continue };
        if itself.is_some() || !reasons.contains_key(&id) {
            reasons.insert(id, (itself.is_some(), entry.step, entry.why));
        }
    }
    let difference = |id| match reasons.get(&id) {
        Some((true, step, why)) => Difference::of(What::Removed, id, step, why),
        Some((false, step, why)) => {
            Difference::of(What::Removed, id, step, &format!("edited at its source, then: {why}"))
        }
        None => Difference::of(What::Removed, id, "collect", "it was not collected again"),
    };
    Ok(known.into_keys().map(difference).collect())
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

/// Names of the fields that differ.
fn differing<'a>(
    before: &'a [u64; FIELDS.len()],
    now: &'a [u64; FIELDS.len()],
) -> impl Iterator<Item = &'static str> {
    (0..FIELDS.len()).filter(|index| before[*index] != now[*index]).map(|index| FIELDS[index])
}

/// What is the same for all rows.
struct Compared {
    /// Whether steps and rules are the same in both versions.
    alike: bool,
    steps: Steps,
}

impl Compared {
    fn changed(&self, before: &Known, row: &Row) -> Option<Difference> {
        let now = fields(row);
        let fields: Vec<&str> = differing(&before.fields, &now).collect();
        // What a document is called, its label and its date may differ at the source, its text may not: the id is made of it.
        let own = fields.iter().find(|field| !matches!(**field, "cluster" | "split" | "text"));
        let step = match (own, fields.first()?) {
            _ if fields.contains(&"text") => self.first_other(before, &row.doc.trail, |_| true),
            (Some(_), _) if self.alike => None,
            (Some(own), _) => self.first_other(before, &row.doc.trail, |touched| touched & bit(own) != 0),
            (None, &"cluster") if fields.len() == 1 => Some("duplicate"),
            (None, &"split") => Some("split"),
            (None, _) => self.first_other(before, &row.doc.trail, |_| true).or(Some("duplicate")),
        };
        let text = fields.contains(&"text");
        let step = step.unwrap_or(if text { "a newer step of the same name" } else { "collect" });
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        Some(Difference { fields, ..Difference::of(What::Changed, row.doc.id, step, "") })
    }

    /// The first step, of those that touch the wanted fields, that did something else than before, or that is new or gone.
    fn first_other<'a>(
        &'a self,
        before: &Known,
        trail: &'a [Trace],
        wanted: impl Fn(u16) -> bool,
    ) -> Option<&'a str> {
        let name = |entry: &Entry| self.steps.0.get(usize::from(entry.step)).map(String::as_str);
        let was: Vec<&Entry> = before.trail.iter().filter(|entry| wanted(entry.touched)).collect();
        let now: Vec<&Trace> = trail.iter().filter(|trace| wanted(touched(trace))).collect();
        let same = |(trace, entry): &(&&Trace, &&Entry)| {
            name(entry) == Some(trace.step.as_str()) && entry.told == told(trace)
        };
        let common = now.iter().zip(&was).take_while(same).count();
        let other = now.get(common).map(|trace| trace.step.as_str());
        other.or_else(|| name(was.get(common)?))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_rows_that_went_from_one_source_none_is_picked_by_chance() {
        let known = |source: u64| Known { source, fields: [0; FIELDS.len()], trail: Vec::new() };
        let id = |n: u8| RecordId::of(&[&[n]]);
        let rows = HashMap::from([(id(0), known(7)), (id(1), known(7)), (id(2), known(8))]);
        assert_eq!(lone(&rows), HashMap::from([(8, id(2))]));
    }
}
