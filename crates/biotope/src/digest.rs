//! Digests of plain data: what decides whether a stage has to run again.

use std::path::Path;

use biotope_core::Component;
use serde::Serialize;

/// BLAKE3 over the JSON of `value`, 64 hexadecimal digits. Struct fields keep their order, maps are sorted by serde's types.
pub fn of<T: Serialize>(value: &T) -> String {
    let json = serde_json::to_vec(value).expect("plain data, which JSON can hold");
    blake3::hash(&json).to_hex().to_string()
}

/// The first eight digits: enough to tell runs of one recipe apart by eye.
pub fn short(digest: &str) -> &str {
    &digest[..8.min(digest.len())]
}

/// BLAKE3 over a file's bytes, read in pieces.
pub fn file(path: &Path) -> crate::Result<String> {
    let mut hasher = blake3::Hasher::new();
    let file = std::fs::File::open(path).map_err(crate::Error::io("read", path))?;
    hasher.update_reader(file).map_err(crate::Error::io("read", path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Digests of the local files that options of these components name, in their order.
pub fn files(components: &[Component]) -> crate::Result<Vec<String>> {
    let mut files = Vec::new();
    for value in components.iter().flat_map(|component| component.options.values()) {
        let names = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for path in names.iter().filter_map(|name| name.as_str()).map(Path::new).filter(|path| path.is_file())
        {
            files.push(file(path)?);
        }
    }
    Ok(files)
}
