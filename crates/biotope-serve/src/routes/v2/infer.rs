//! `POST /v2/models/{model}/infer`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use biotope_bundle::Answer;
use biotope_core::{Document, Prediction};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Named;
use super::tensor::{InputTensor, OutputTensor};
use crate::App;
use crate::app::refused;
use crate::body;
use crate::info::names;
use crate::reply::{ApiError, ErrorType, Reply};

const OUTPUTS: [&str; 2] = ["label", "scores"];

#[derive(Deserialize)]
struct Ask {
    id: Option<String>,
    inputs: Vec<InputTensor>,
    #[serde(default)]
    outputs: Vec<Wanted>,
}

#[derive(Deserialize)]
struct Wanted {
    name: String,
    #[serde(default)]
    parameters: serde_json::Map<String, Value>,
}

#[derive(Serialize)]
pub(super) struct Told {
    model_name: String,
    model_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    outputs: Vec<OutputTensor>,
}

pub(super) async fn infer(
    State(app): State<Arc<App>>,
    Path(named): Path<Named>,
    request: Request,
) -> Reply<Json<Told>> {
    named.check(&app)?;
    let _permit = app.permit()?;
    let ask: Ask = body::json(request, app.config.max_body_bytes).await.map_err(as_400)?;
    let wanted = wanted(&ask.outputs)?;
    let docs = texts(ask.inputs)?.into_iter().map(|text| Document::new(super::super::predict::SOURCE, text));
    let answers = app.predict(docs.collect()).await.map_err(as_400)?;
    let predictions = answers.iter().enumerate().map(|(index, answer)| match answer {
        Answer::Predicted(prediction) => Ok(prediction),
        Answer::Refused(reason) => Err(refused(index, reason)),
    });
    let predictions: Vec<&Prediction> = predictions.collect::<Reply<_>>()?;
    let names = names(app.signature());
    let outputs = wanted.into_iter().map(|name| output(name, &names, &predictions)).collect();
    let (model_name, model_version) = (app.signature().name.clone(), app.signature().version.clone());
    Ok(Json(Told { model_name, model_version, id: ask.id, outputs }))
}

/// The protocol has one status for requests that cannot be used.
fn as_400(error: ApiError) -> ApiError {
    match (error.status, error.kind) {
        (StatusCode::UNPROCESSABLE_ENTITY, ErrorType::Validation) => ApiError::malformed(error.message),
        _ => error,
    }
}

/// The outputs asked for, or all.
fn wanted(outputs: &[Wanted]) -> Reply<Vec<&'static str>> {
    if outputs.is_empty() {
        return Ok(OUTPUTS.to_vec());
    }
    let find = |wanted: &Wanted| {
        if wanted.parameters.get("binary_data").and_then(Value::as_bool) == Some(true) {
            return Err(ApiError::malformed("binary tensors are not offered"));
        }
        let unknown = || ApiError::malformed(format!("unknown output; there are {}", OUTPUTS.join(" and ")));
        OUTPUTS.into_iter().find(|name| *name == wanted.name).ok_or_else(unknown)
    };
    outputs.iter().map(find).collect()
}

fn texts(inputs: Vec<InputTensor>) -> Reply<Vec<String>> {
    match <[InputTensor; 1]>::try_from(inputs) {
        Ok([input]) if input.name == "text" => input.texts(),
        _ => Err(ApiError::malformed("expected one input with the name \"text\"")),
    }
}

fn output(name: &'static str, names: &[String], predictions: &[&Prediction]) -> OutputTensor {
    if name == "label" {
        let best = |p: &&Prediction| p.best().and_then(|best| names.get(best)).cloned().unwrap_or_default();
        let data = json!(predictions.iter().map(best).collect::<Vec<String>>());
        return OutputTensor { name, shape: vec![predictions.len()], datatype: "BYTES", data };
    }
    let data = json!(predictions.iter().flat_map(|p| p.scores.iter().copied()).collect::<Vec<f64>>());
    OutputTensor { name, shape: vec![predictions.len(), names.len()], datatype: "FP64", data }
}
