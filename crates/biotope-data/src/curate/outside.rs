//! What a configuration names and does not hold: files of labels and keys of masking. The result depends on their
//! contents, and a machine that has them elsewhere, or has others, must be told from one that has the same.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use biotope_core::{Component, Config, config};
use serde::{Deserialize, Serialize};

use crate::curate::CurateConfig;
use crate::steps::mask_personal_data::MaskPersonalData;
use crate::{Error, Result};

/// Contents of what a configuration names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// BLAKE3 of each file of labels, by the name that the configuration gives it.
    pub files: BTreeMap<String, String>,
    /// One value for each key of masking: equal for equal keys, and it tells nothing of the key.
    pub keys: Vec<String>,
}

impl CurateConfig {
    /// Contents of the files and keys that it names.
    pub fn outside(&self) -> Result<Outside> {
        let mut files = BTreeMap::new();
        for value in self.labels.iter().flat_map(|rule| rule.options.values()) {
            let Some(name) = value.as_str() else { continue };
            let path = self.fetched.get(name).map_or(Path::new(name), |path| path);
            if path.is_file() {
                files.insert(name.to_owned(), digest([path])?);
            }
        }
        Ok(Outside { files, keys: self.keys()? })
    }

    fn keys(&self) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        for step in self.steps.iter().filter(|step| step.name == MaskPersonalData::NAME) {
            let step: MaskPersonalData = config::from_table(&step.options)?;
            keys.extend(step.key.read()?.map(|key| key.check_value()));
        }
        Ok(keys)
    }

    /// The rules that give labels, with files where they lie on this machine.
    pub(crate) fn local_labels(&self) -> Vec<Component> {
        let mut rules = self.labels.clone();
        for (_, value) in rules.iter_mut().flat_map(|rule| &mut rule.options) {
            if let Some(path) = value.as_str().and_then(|name| self.fetched.get(name)) {
                *value = path.display().to_string().into();
            }
        }
        rules
    }
}

/// BLAKE3 of files, one after the other, in 64 hexadecimal digits.
pub(super) fn digest<P: AsRef<Path>>(files: impl IntoIterator<Item = P>) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    for path in files {
        let path = path.as_ref();
        let file = File::open(path).map_err(Error::io("read", path))?;
        hasher.update_reader(file).map_err(Error::io("read", path))?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}
