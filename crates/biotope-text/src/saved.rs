//! Files that every featurizer leaves behind.

use std::fs;
use std::io::Read;
use std::path::Path;

use biotope_core::Component;

use crate::{Error, Result};

/// The component with all its options.
pub(crate) const COMPONENT: &str = "featurizer.toml";
/// The tokenizer in Hugging Face's layout.
pub(crate) const TOKENIZER: &str = "tokenizer.json";

/// No file of a featurizer is larger: what is larger is not read.
const LIMIT: u64 = 512 << 20;

pub(crate) fn write_component(dir: &Path, component: &Component) -> Result<()> {
    let text = toml::to_string(component).expect("a component is plain data, which TOML can hold");
    write(&dir.join(COMPONENT), text.as_bytes())
}

/// The component of a folder; one with nothing but a `tokenizer.json` is `pretrained`.
pub(crate) fn component(dir: &Path) -> Result<Component> {
    let path = dir.join(COMPONENT);
    if !path.exists() && dir.join(TOKENIZER).exists() {
        return Ok(Component::new("pretrained"));
    }
    let text = read_text(&path)?;
    toml::from_str(&text).map_err(|error| Error::corrupted(&path, error.message()))
}

pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(Error::write(path))
}

pub(crate) fn read_text(path: &Path) -> Result<String> {
    String::from_utf8(read(path)?).map_err(|_| Error::corrupted(path, "it is not UTF-8"))
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let file = fs::File::open(path).map_err(Error::read(path))?;
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(Error::read(path))?;
    if bytes.len() as u64 > LIMIT {
        return Err(Error::corrupted(path, format!("it is larger than {} MiB", LIMIT >> 20)));
    }
    Ok(bytes)
}
