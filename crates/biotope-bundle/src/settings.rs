//! `config.json`: Hugging Face's configuration where there is one, and ours under the key `biotope`.

use std::path::Path;

use biotope_core::{Component, Task, config};
use biotope_models::bert::{self, BertConfig};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::files::{self, CONFIG};
use crate::{Error, Result};

/// The key of `config.json` under which our part stands.
const KEY: &str = "biotope";

/// What is needed to build the model again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// The model with every option written out.
    pub(crate) model: Component,
    /// Ids that the featurizer gives.
    pub(crate) vocab_size: usize,
    /// Most tokens of a document.
    pub(crate) max_length: usize,
}

impl Settings {
    pub(crate) fn write(&self, dir: &Path, task: &Task) -> Result<()> {
        let mut json = self.outer(task)?;
        json[KEY] = json!(self);
        files::write_json(&dir.join(CONFIG), &json)
    }

    pub(crate) fn read(dir: &Path) -> Result<Self> {
        let path = dir.join(CONFIG);
        let mut json: Value = files::read_json(&path)?;
        let ours = json.get_mut(KEY).map(Value::take);
        let ours = ours.ok_or_else(|| Error::content(&path, format!("it has no key {KEY:?}")))?;
        serde_json::from_value(ours).map_err(|error| Error::content(&path, error))
    }

    /// What other programs read.
    fn outer(&self, task: &Task) -> Result<Value> {
        if self.model.name == <BertConfig as biotope_core::Config>::NAME {
            let config: BertConfig = config::from_table(&self.model.options)?;
            return Ok(bert::config_json(&config, task));
        }
        let id2label: Map<String, Value> =
            task.labels().iter().enumerate().map(|(id, label)| (id.to_string(), json!(label))).collect();
        let label2id: Map<String, Value> =
            task.labels().iter().enumerate().map(|(id, label)| (label.clone(), json!(id))).collect();
        let kind = format!("biotope-{}", self.model.name);
        Ok(
            json!({ "model_type": kind, "id2label": id2label, "label2id": label2id, "torch_dtype": "float32" }),
        )
    }
}
