//! The bundles of a store: `<store>/bundles/NAME/VERSION/`. Versions are numbers that only grow.

use std::fs;
use std::path::{Path, PathBuf};

use biotope_core::{Invalid, suggest};
use serde::{Deserialize, Serialize};

use crate::files::MANIFEST;
use crate::{Error, Result};

/// One bundle of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its folder.
    pub path: PathBuf,
}

/// The folder of a version. Names and versions are plain: letters, digits, `.`, `_` and `-`, none leading with a dot.
pub fn folder(store: &Path, name: &str, version: &str) -> Result<PathBuf> {
    plain("name", name)?;
    plain("version", version)?;
    Ok(store.join("bundles").join(name).join(version))
}

/// All bundles, by name, then version, oldest first. Folders without a manifest are none.
pub fn list(store: &Path) -> Result<Vec<Stored>> {
    let mut all = Vec::new();
    for name in folders(&store.join("bundles"))? {
        all.extend(versions(store, &name)?);
    }
    Ok(all)
}

/// The versions of a bundle, oldest first.
pub fn versions(store: &Path, name: &str) -> Result<Vec<Stored>> {
    plain("name", name)?;
    let home = store.join("bundles").join(name);
    let mut versions = folders(&home)?;
    versions.sort_by_key(|version| (version.parse::<u64>().unwrap_or_default(), version.clone()));
    let stored = versions.into_iter().map(|version| {
        let path = home.join(&version);
        Stored { name: name.to_owned(), version, path }
    });
    Ok(stored.filter(|stored| stored.path.join(MANIFEST).is_file()).collect())
}

/// The newest version of a bundle.
pub fn latest(store: &Path, name: &str) -> Result<Stored> {
    versions(store, name)?.pop().ok_or_else(|| not_found(store, name))
}

/// The folder of a version, or of the newest.
pub fn locate(store: &Path, name: &str, version: Option<&str>) -> Result<PathBuf> {
    let Some(version) = version else { return Ok(latest(store, name)?.path) };
    let path = folder(store, name, version)?;
    if path.join(MANIFEST).is_file() {
        return Ok(path);
    }
    let known: Vec<String> = versions(store, name)?.into_iter().map(|stored| stored.version).collect();
    let hint = match known.as_slice() {
        [] => return Err(not_found(store, name)),
        known => format!("versions: {}", known.join(", ")),
    };
    Err(Error::NotFound { name: format!("{name}@{version}"), store: store.to_owned(), hint })
}

/// The number that the next version takes.
pub fn next_version(store: &Path, name: &str) -> Result<String> {
    plain("name", name)?;
    let taken = folders(&store.join("bundles").join(name))?;
    let newest = taken.iter().filter_map(|version| version.parse::<u64>().ok()).max().unwrap_or_default();
    Ok((newest + 1).to_string())
}

fn not_found(store: &Path, name: &str) -> Error {
    let names = folders(&store.join("bundles")).unwrap_or_default();
    let hint = match suggest::nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near:?}?"),
        None if names.is_empty() => "the store has no bundles yet: make one with `biotope bundle`".into(),
        None => format!("known: {}", names.join(", ")),
    };
    Error::NotFound { name: name.to_owned(), store: store.to_owned(), hint }
}

/// Names of visible folders, sorted; none if there is nothing.
fn folders(dir: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::io("read", dir))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::io("read", dir))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn plain(field: &str, text: &str) -> Result<(), Invalid> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fine = !text.is_empty() && text.len() <= 128 && !text.starts_with('.') && text.chars().all(allowed);
    let rule = "must be letters, digits, '.', '_' and '-', not starting with '.'";
    if fine { Ok(()) } else { Err(Invalid::new(field, rule, format!("{text:?}"))) }
}
