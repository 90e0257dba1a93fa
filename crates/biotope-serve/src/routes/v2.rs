//! The Open Inference Protocol, version 2, over REST: <https://github.com/kserve/open-inference-protocol>.
//!
//! One model with one input, `text` (BYTES, `[-1]`), and two outputs, `label` (BYTES, `[-1]`: the best one)
//! and `scores` (FP64, `[-1, labels]`: all probabilities in the order of `/info`).

mod infer;
mod tensor;

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::App;
use crate::info::names;
use crate::reply::{ApiError, Reply};

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(server))
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/models/{model}", get(model))
        .route("/models/{model}/infer", post(infer::infer))
        .route("/models/{model}/ready", get(model_ready))
        .route("/models/{model}/versions/{version}", get(model))
        .route("/models/{model}/versions/{version}/infer", post(infer::infer))
        .route("/models/{model}/versions/{version}/ready", get(model_ready))
}

/// The protocol's errors are `{"error": "..."}` and nothing else.
pub(super) async fn plain_errors(request: Request, next: Next) -> Response {
    let ours = request.uri().path().starts_with("/v2");
    let response = next.run(request).await;
    if !ours || !(response.status().is_client_error() || response.status().is_server_error()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, 1 << 16).await.unwrap_or_default();
    let told: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let error = told.get("error").and_then(Value::as_str).unwrap_or("no such route or method");
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    parts.headers.remove(axum::http::header::CONTENT_TYPE);
    let mut plain = Json(json!({ "error": error })).into_response();
    parts.headers.extend(plain.headers().clone());
    *plain.headers_mut() = parts.headers;
    *plain.status_mut() = parts.status;
    plain
}

/// Which model, and perhaps which version, a path names.
#[derive(serde::Deserialize)]
struct Named {
    model: String,
    version: Option<String>,
}

impl Named {
    fn check(&self, app: &App) -> Reply<()> {
        let (name, version) = (&app.signature().name, &app.signature().version);
        if self.model != *name {
            return Err(ApiError::not_found(format!("unknown model; this service has {name:?}")));
        }
        match &self.version {
            Some(wanted) if wanted != version => {
                Err(ApiError::not_found(format!("unknown version of {name:?}; this service has {version:?}")))
            }
            _ => Ok(()),
        }
    }
}

async fn server() -> Json<Value> {
    Json(json!({ "name": "biotope", "version": env!("CARGO_PKG_VERSION"), "extensions": [] }))
}

async fn live() -> Json<Value> {
    Json(json!({ "live": true }))
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    let status = if app.is_ready() { 200 } else { 503 };
    let status = axum::http::StatusCode::from_u16(status).expect("both are statuses");
    (status, Json(json!({ "ready": app.is_ready() }))).into_response()
}

async fn model_ready(State(app): State<Arc<App>>, Path(named): Path<Named>) -> Reply<Json<Value>> {
    named.check(&app)?;
    Ok(Json(json!({ "name": app.signature().name, "ready": app.is_ready() })))
}

async fn model(State(app): State<Arc<App>>, Path(named): Path<Named>) -> Reply<Json<Value>> {
    named.check(&app)?;
    let signature = app.signature();
    let labels = names(signature);
    Ok(Json(json!({
        "name": signature.name,
        "versions": [signature.version],
        "platform": "biotope",
        "inputs": [{ "name": "text", "datatype": "BYTES", "shape": [-1] }],
        "outputs": [
            { "name": "label", "datatype": "BYTES", "shape": [-1] },
            { "name": "scores", "datatype": "FP64", "shape": [-1, labels.len()],
              "parameters": { "labels": labels.join(",") } },
        ],
    })))
}
