//! BERT folders in Hugging Face's layout: `config.json` and `model.safetensors`, opened and saved.
//!
//! A folder saved here opens in Python with `AutoModelForSequenceClassification.from_pretrained(folder)` and gives
//! the same logits; a folder saved there opens here, with or without the `bert.` prefix and with or without a head.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use biotope_core::{Table, Task, config};
use biotope_nn::Params;
use biotope_nn::params::{self, Misfit};
use serde_json::{Map, Value, json};

pub use crate::zoo::bert::{Activation, Bert, BertConfig, Pooling};
use crate::{Error, Result};

/// The key of `config.json` that tells a head which Hugging Face does not have.
const POOLING: &str = "biotope_pooling";

/// What [`open_pretrained`] did, by parameter name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Read from the file.
    pub loaded: Vec<String>,
    /// Not in the file, or of another shape there (the head of another task): left as initialised.
    pub fresh: Vec<String>,
    /// In the file, of no use here (the head of a language model, buffers).
    pub ignored: Vec<String>,
}

/// Reads the configuration of a folder that `transformers` or [`save_hf`] wrote.
///
/// Keys that do not change the numbers are passed over; those that would are refused.
pub fn read_config(dir: &Path) -> Result<BertConfig> {
    let (path, json) = read_json(dir)?;
    for (key, wanted) in [("model_type", "bert"), ("position_embedding_type", "absolute")] {
        let got = json.get(key).and_then(Value::as_str).unwrap_or(wanted);
        if got != wanted {
            return Err(Error::NotBert { path, key, got: got.to_owned() });
        }
    }
    let mut known = config::defaults::<BertConfig>();
    known.insert("classifier_dropout".into(), toml::Value::Float(0.0));
    let pairs = known.keys().filter_map(|key| Some((key.clone(), to_toml(json.get(key)?)?)));
    let mut options: Table = pairs.collect();
    if let Some(pooling) = json.get(POOLING).and_then(to_toml) {
        options.insert("pooling".into(), pooling);
    }
    Ok(config::from_table(&options)?)
}

/// The task of a folder with a classification head; `None` if it names no labels.
pub fn read_task(dir: &Path) -> Result<Option<Task>> {
    let (path, json) = read_json(dir)?;
    let problem = json.get("problem_type").and_then(Value::as_str);
    if problem == Some("regression") {
        return Ok(Some(Task::Regression));
    }
    let Some(names) = json.get("id2label").and_then(Value::as_object) else { return Ok(None) };
    let label = |index: usize| names.get(&index.to_string()).and_then(Value::as_str).map(str::to_owned);
    let labels: Option<Vec<String>> = (0..names.len()).map(label).collect();
    let labels = labels.ok_or_else(|| Error::Format {
        path,
        reason: "id2label must map \"0\", \"1\", ... to names".into(),
    })?;
    Ok(Some(match problem {
        Some("multi_label_classification") => Task::MultiLabel { labels },
        _ => Task::SingleLabel { labels },
    }))
}

/// Reads the weights of a folder into the parameters of a `bert` that was built before.
///
/// Every parameter of the encoder must be there with its shape; a pooler or a classifier that is missing or shaped
/// for other labels keeps its initial values and is listed as fresh.
pub fn open_pretrained(params: &Params, dir: &Path) -> Result<Opened> {
    let path = dir.join("model.safetensors");
    let mut opened = Opened::default();
    let mut found = BTreeMap::new();
    for (name, tensor) in params::open(&path, params.device())? {
        match our_name(&name).filter(|ours| params.get(ours).is_some()) {
            Some(ours) => drop(found.insert(ours, tensor)),
            None => opened.ignored.push(name),
        }
    }
    let mut misfit = Misfit::default();
    for (name, var) in params.iter() {
        let head = name.starts_with("classifier.") || name.starts_with("bert.pooler.");
        match found.get(&name) {
            Some(tensor) if tensor.dims() == var.dims() => opened.loaded.push(name),
            _ if head => opened.fresh.push(name),
            Some(tensor) => {
                misfit.misshaped.push(format!("{name}: expected {:?}, got {:?}", var.dims(), tensor.dims()));
            }
            None => misfit.missing.push(name),
        }
    }
    if !misfit.is_empty() {
        return Err(Error::Misfit { path, misfit });
    }
    for name in &opened.loaded {
        params.set(name, &found[name])?;
    }
    Ok(opened)
}

/// The name of a parameter here for its name in a file; `None` for buffers and other heads.
fn our_name(name: &str) -> Option<String> {
    let name =
        name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias");
    let bare = name.strip_prefix("bert.").unwrap_or(&name);
    let encoder = ["embeddings.", "encoder.", "pooler."].iter().any(|part| bare.starts_with(part));
    match bare {
        _ if encoder => Some(format!("bert.{bare}")),
        "classifier.weight" | "classifier.bias" => Some(bare.to_owned()),
        _ => None,
    }
}

/// Writes `config.json` and `model.safetensors` as `BertForSequenceClassification.save_pretrained` does.
///
/// With [`Pooling::Mean`] the folder says `"architectures": ["BertModel"]`, because Hugging Face has no such head:
/// the encoder opens in Python, the logits are ours alone.
pub fn save_hf(dir: &Path, config: &BertConfig, task: &Task, params: &Params) -> Result<()> {
    fs::create_dir_all(dir).map_err(|source| Error::Io { path: dir.to_owned(), source })?;
    params.save(&dir.join("model.safetensors"))?;
    let text = format!("{:#}\n", config_json(config, task));
    write(&dir.join("config.json"), text.as_bytes())
}

/// The `config.json` of a model with a classification head.
pub fn config_json(config: &BertConfig, task: &Task) -> Value {
    let Ok(Value::Object(mut json)) = serde_json::to_value(config) else {
        unreachable!("a struct of plain data is a JSON object");
    };
    json.remove("pooling");
    let labels = match task {
        Task::Regression => vec!["LABEL_0".to_owned()],
        _ => task.labels().to_vec(),
    };
    let ids: Map<String, Value> = labels.iter().enumerate().map(|(i, l)| (i.to_string(), json!(l))).collect();
    let names: Map<String, Value> = labels.iter().enumerate().map(|(i, l)| (l.clone(), json!(i))).collect();
    let architecture = match config.pooling {
        Pooling::Cls => "BertForSequenceClassification",
        Pooling::Mean => "BertModel",
    };
    let problem = match task {
        Task::SingleLabel { .. } => "single_label_classification",
        Task::MultiLabel { .. } => "multi_label_classification",
        Task::Regression => "regression",
    };
    let more = json!({
        "architectures": [architecture], "model_type": "bert", "position_embedding_type": "absolute",
        "problem_type": problem, "id2label": ids, "label2id": names, "torch_dtype": "float32",
    });
    if let Value::Object(more) = more {
        json.extend(more);
    }
    if config.pooling == Pooling::Mean {
        json.insert(POOLING.into(), json!(config.pooling));
    }
    Value::Object(json)
}

fn read_json(dir: &Path) -> Result<(PathBuf, Value)> {
    let path = dir.join("config.json");
    let bytes = fs::read(&path).map_err(|source| Error::Io { path: path.clone(), source })?;
    match serde_json::from_slice(&bytes) {
        Ok(json) => Ok((path, json)),
        Err(error) => Err(Error::Format { path, reason: format!("not JSON: {error}") }),
    }
}

/// A JSON scalar as TOML; null, lists and objects are none of our keys.
fn to_toml(value: &Value) -> Option<toml::Value> {
    match value {
        Value::String(text) => Some(toml::Value::String(text.clone())),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Some(toml::Value::Integer(whole)),
            None => number.as_f64().map(toml::Value::Float),
        },
        Value::Bool(flag) => Some(toml::Value::Boolean(*flag)),
        _ => None,
    }
}

/// Writes a file atomically: a temporary neighbour, then a rename.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_extension("json.partial");
    let written: io::Result<()> = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, path));
    written.map_err(|source| Error::Io { path: path.to_owned(), source })
}
