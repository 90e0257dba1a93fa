//! Settings that differ between two versions, and whether anything differs that could change a field.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Setting;

pub(super) fn settings(old: &Value, new: &Value) -> Vec<Setting> {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    for (about, flat) in [(old, &mut before), (new, &mut after)] {
        flatten("config", &about["config"], flat);
        flatten("seed", &about["seed"], flat);
        flatten("files", &about["files"], flat);
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

/// Whether documents were treated alike before and after: then a field that differs came so from its source.
pub(super) fn treated_alike(old: &Value, new: &Value) -> bool {
    let same = |key: &str| old["config"][key] == new["config"][key];
    old["biotope"] == new["biotope"]
        && old["files"] == new["files"]
        && ["steps", "labels", "rename", "lines"].into_iter().all(same)
}
