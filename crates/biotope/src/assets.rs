//! Paths in a recipe that are not paths: `asset:minilm/tokenizer.json`, `hf:...`, `pypi:...`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use biotope_core::{Component, Table};
use toml::Value;

use crate::{House, Result};

/// What the hub resolves; a web address of a page to collect is not among them.
const SCHEMES: &[&str] = &["asset:", "hf:", "pypi:", "npm:", "deb:"];

/// Options whose values are files; `https:` addresses are fetched for these only.
const FILES: &[&str] = &["path", "paths", "from"];

/// The component with every such value replaced by the local path of the verified file.
pub fn resolve(house: &House, component: &Component) -> Result<Component> {
    let mut options = Table::new();
    for (key, value) in &component.options {
        let value = if FILES.contains(&key.as_str()) { resolve_value(house, value)? } else { value.clone() };
        options.insert(key.clone(), value);
    }
    Ok(Component { name: component.name.clone(), options })
}

/// Where the files lie on this machine that components name by asset or address, by these names.
pub fn fetched(house: &House, components: &[Component]) -> Result<BTreeMap<String, PathBuf>> {
    let named = components.iter().flat_map(|component| &component.options);
    let named =
        named.filter(|(key, _)| FILES.contains(&key.as_str())).filter_map(|(_, value)| value.as_str());
    named.filter(|name| is_remote(name)).map(|name| Ok((name.to_owned(), local(house, name)?))).collect()
}

fn resolve_value(house: &House, value: &Value) -> Result<Value> {
    Ok(match value {
        Value::String(text) if is_remote(text) => local(house, text)?.display().to_string().into(),
        Value::Array(items) => {
            let items: Result<Vec<Value>> = items.iter().map(|item| resolve_value(house, item)).collect();
            items?.into()
        }
        other => other.clone(),
    })
}

fn is_remote(text: &str) -> bool {
    SCHEMES.iter().chain(&["https:"]).any(|scheme| text.starts_with(scheme))
}

/// The local path of a file that the recipe names by path, asset or address.
pub fn local(house: &House, spec: &str) -> Result<PathBuf> {
    if is_remote(spec) {
        Ok(house.hub.fetch(spec, house.progress.as_ref())?)
    } else {
        Ok(PathBuf::from(spec))
    }
}

/// A folder of pretrained weights in Hugging Face's layout: a path, or a group of assets (`asset:minilm`).
pub fn pretrained(house: &House, spec: &str) -> Result<PathBuf> {
    match spec.strip_prefix("asset:") {
        Some(group) => Ok(house.hub.fetch_folder(group, house.progress.as_ref())?),
        None => Ok(PathBuf::from(spec)),
    }
}
