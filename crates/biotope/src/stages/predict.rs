//! Ask a bundle.

use std::path::{Path, PathBuf};

use biotope_bundle::Bundle;

use crate::{House, Result};

/// Opens a bundle by folder, by `NAME` (its latest version) or by `NAME@VERSION`.
pub fn open(house: &House, name: &str) -> Result<Bundle> {
    Ok(Bundle::open(&locate(house, name)?)?)
}

/// The folder of a bundle.
pub fn locate(house: &House, name: &str) -> Result<PathBuf> {
    let path = Path::new(name);
    if path.join("config.json").is_file() {
        return Ok(path.to_owned());
    }
    let (name, version) = name.split_once('@').map_or((name, None), |(name, version)| (name, Some(version)));
    Ok(biotope_bundle::registry::locate(house.store.root(), name, version)?)
}
