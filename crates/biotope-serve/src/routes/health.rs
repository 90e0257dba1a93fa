//! `GET /health`, `GET /info`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::App;
use crate::reply::{ApiError, ErrorType, Reply};

/// 200 while requests are taken, 503 once the service goes down.
pub(super) async fn health(State(app): State<Arc<App>>) -> Reply<Json<Value>> {
    if app.is_ready() {
        return Ok(Json(json!({ "status": "ready" })));
    }
    let message = "the service is shutting down";
    Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, ErrorType::Unhealthy, message))
}

pub(super) async fn info(State(app): State<Arc<App>>) -> Json<Value> {
    Json(app.info.json(app.signature(), &app.config))
}
