//! Tensors of the protocol, as far as texts and scores need them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::reply::{ApiError, Reply};

/// A tensor of a request.
#[derive(Debug, Deserialize)]
pub(super) struct InputTensor {
    pub(super) name: String,
    shape: Vec<i64>,
    datatype: String,
    data: Value,
}

/// A tensor of an answer, its data in row-major order.
#[derive(Debug, Serialize)]
pub(super) struct OutputTensor {
    pub(super) name: &'static str,
    pub(super) shape: Vec<usize>,
    pub(super) datatype: &'static str,
    pub(super) data: Value,
}

impl InputTensor {
    /// The texts of a BYTES tensor of shape `[n]` or `[n, 1]`, flat or nested.
    pub(super) fn texts(self) -> Reply<Vec<String>> {
        if self.datatype != "BYTES" {
            return Err(wrong(&format!("has datatype {:?}, expected BYTES", clipped(&self.datatype))));
        }
        let ([count] | [count, 1]) = *self.shape.as_slice() else {
            return Err(wrong(&format!(
                "has shape {:?}, expected [n]",
                &self.shape[..self.shape.len().min(8)]
            )));
        };
        let mut texts = Vec::new();
        flatten(self.data, 0, &mut texts)?;
        if i64::try_from(texts.len()) != Ok(count) {
            return Err(wrong(&format!("has shape [{count}] and {} elements", texts.len())));
        }
        Ok(texts)
    }
}

fn flatten(data: Value, depth: usize, texts: &mut Vec<String>) -> Reply<()> {
    match data {
        Value::String(text) => texts.push(text),
        Value::Array(items) if depth < 2 => {
            for item in items {
                flatten(item, depth + 1, texts)?;
            }
        }
        _ => return Err(wrong("has an element that is no string")),
    }
    Ok(())
}

fn clipped(text: &str) -> &str {
    text.get(..20).unwrap_or(text)
}

fn wrong(what: &str) -> ApiError {
    ApiError::malformed(format!("input \"text\" {what}"))
}
