//! The routes, one file each.

mod classify;
mod health;
mod metrics;
mod page;
mod predict;
mod v2;

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use biotope_bundle::Signature;
use biotope_core::Prediction;
use serde::Serialize;
use tower_http::catch_panic::CatchPanicLayer;

use crate::App;
use crate::envelope::{envelope, panicked};
use crate::info::names;
use crate::reply::{ApiError, ErrorType};

pub(crate) use page::Page;

/// All routes over one [`App`].
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/classify", post(classify::classify))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .route("/health", get(health::health))
        .route("/info", get(health::info))
        .route("/metrics", get(metrics::metrics))
        .route("/predict", post(predict::predict))
        .nest("/v2", v2::router())
        .method_not_allowed_fallback(not_allowed)
        .fallback(not_found)
        .layer(from_fn(v2::plain_errors))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::clone(&app), envelope))
        .with_state(app)
}

async fn not_found(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(80).collect();
    ApiError::not_found(format!(
        "nothing is at {path}; there are /, /info, /predict, /classify, /v2, /health, /metrics"
    ))
}

async fn not_allowed() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, ErrorType::NotFound, "this route takes another method")
}

/// A label and its probability, as text-embeddings-inference writes it.
#[derive(Clone, Debug, Serialize)]
struct Scored {
    score: f64,
    label: String,
}

/// All labels, best first; equals in the order of the labels.
fn scored(signature: &Signature, prediction: &Prediction) -> Vec<Scored> {
    let pairs = names(signature).into_iter().zip(&prediction.scores);
    let mut scored: Vec<Scored> = pairs.map(|(label, score)| Scored { score: *score, label }).collect();
    scored.sort_by(|a, b| b.score.total_cmp(&a.score));
    scored
}
