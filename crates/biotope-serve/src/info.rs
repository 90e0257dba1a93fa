//! What `/info` says, in the shape of text-embeddings-inference.

use std::collections::BTreeMap;

use biotope_bundle::Signature;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ServeConfig;

/// What the one who starts the service knows beyond the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// What is served (`"reuters-r8"`, or the folder it was opened from).
    pub model_id: String,
    /// Digest of the bundle, if known.
    pub model_sha: Option<String>,
    /// Type of the weights.
    pub dtype: String,
}

impl Info {
    /// What the signature alone tells.
    pub fn of(signature: &Signature) -> Self {
        Self {
            model_id: signature.name.clone(),
            model_sha: signature.digest.clone(),
            dtype: "float32".into(),
        }
    }

    /// The body of `/info`.
    pub(crate) fn json(&self, signature: &Signature, config: &ServeConfig) -> Value {
        let labels = names(signature);
        let id2label: BTreeMap<usize, &String> = labels.iter().enumerate().collect();
        let label2id: BTreeMap<&String, usize> =
            labels.iter().enumerate().map(|(id, label)| (label, id)).collect();
        json!({
            "model_id": self.model_id,
            "model_sha": self.model_sha,
            "model_dtype": self.dtype,
            "model_type": { "classifier": { "id2label": id2label, "label2id": label2id } },
            "max_concurrent_requests": config.max_concurrent,
            "max_input_length": signature.max_length,
            "max_batch_tokens": config.max_batch_tokens,
            "max_batch_requests": config.max_batch,
            "max_client_batch_size": config.max_client_batch,
            "auto_truncate": true,
            "tokenization_workers": 1,
            "version": env!("CARGO_PKG_VERSION"),
            "bundle": { "name": signature.name, "version": signature.version, "model": signature.model },
            "task": signature.task,
            "fetches_pages": config.allow_fetch,
        })
    }
}

/// What the scores are called: the labels, or the one value of a regression.
pub(crate) fn names(signature: &Signature) -> Vec<String> {
    match signature.labels() {
        [] => vec!["value".into()],
        labels => labels.to_vec(),
    }
}
