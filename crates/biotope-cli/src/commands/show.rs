//! `biotope show`: what is known about one thing.

use anyhow::Result;
use biotope::show;
use serde_json::Value;

use super::house;
use crate::args::{Args, ShowArgs, ShowName};
use crate::output;

/// Prints what is known; the answer is no if nothing is.
pub(crate) fn show(args: &Args, wanted: &ShowArgs) -> Result<bool> {
    if wanted.kind == ShowName::Recipe {
        return recipe(&wanted.name, args.json);
    }
    let house = house(args)?;
    let found = match wanted.kind {
        ShowName::Dataset => Some(show::dataset(&house, &wanted.name)?),
        ShowName::Run => Some(show::run(&house, &wanted.name)?),
        ShowName::Bundle => Some(show::bundle(&house, &wanted.name)?),
        ShowName::Record => show::record(&house, &wanted.name)?,
        ShowName::Recipe => None,
    };
    match found {
        Some(value) if args.json => output::json(&value)?,
        Some(value) => print("", &value),
        None => {
            output::note(&format!("nothing is known about {:?}", wanted.name));
            return Ok(false);
        }
    }
    Ok(true)
}

/// A recipe as it was written, or filled in: from a file, and for programs.
fn recipe(name: &str, as_json: bool) -> Result<bool> {
    match biotope::recipe::builtin::find(name) {
        _ if as_json => output::json(&biotope::Recipe::open(name, &[])?)?,
        Some(text) => output::line(text.trim_end()),
        None => output::line(biotope::Recipe::open(name, &[])?.to_toml().trim_end()),
    }
    Ok(true)
}

/// An outline: one line per value, nested by indentation.
fn print(indent: &str, value: &Value) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| entry(indent, key, value)),
        Value::Array(items) => items.iter().for_each(|item| item_line(indent, item)),
        other => output::line(&format!("{indent}{}", plain(other))),
    }
}

fn entry(indent: &str, key: &str, value: &Value) {
    let key = console::style(key).bold();
    match value {
        Value::Object(map) if map.is_empty() => {}
        Value::Array(items) if items.is_empty() => {}
        Value::Object(_) | Value::Array(_) => {
            output::line(&format!("{indent}{key}"));
            print(&format!("{indent}  "), value);
        }
        other => output::line(&format!("{indent}{key:<18} {}", plain(other))),
    }
}

fn item_line(indent: &str, item: &Value) {
    let nested = |value: &Value| value.is_object() || value.is_array();
    match item {
        Value::Object(map) if map.values().any(nested) => {
            output::line(&format!("{indent}-"));
            print(&format!("{indent}  "), item);
        }
        Value::Object(map) => {
            let parts: Vec<String> =
                map.iter().map(|(key, value)| format!("{key} {}", plain(value))).collect();
            output::line(&format!("{indent}- {}", parts.join(" · ")));
        }
        other => output::line(&format!("{indent}- {}", plain(other))),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
