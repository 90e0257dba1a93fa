//! Reading a request's body: JSON, UTF-8, bounded, with errors that say where.

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::reply::{ApiError, ErrorType, Reply};

/// How much of a body over the limit is read and thrown away, so that the client, still sending, gets
/// to see the answer instead of a cut connection.
const DRAIN_BYTES: usize = 64 << 20;

/// The body as a value. Not JSON by its header: 415; too large: 413; not UTF-8 or not JSON: 400; JSON of
/// another shape: 422.
pub(crate) async fn json<T: DeserializeOwned>(request: Request, limit: usize) -> Reply<T> {
    let typed = is_json(&request);
    let bytes = read(request.into_body(), limit).await?;
    if !typed {
        let message = "expected the header content-type: application/json";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorType::Validation, message));
    }
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        ApiError::malformed(format!(
            "request body is not UTF-8: byte {} is no character",
            error.valid_up_to()
        ))
    })?;
    serde_json::from_str(text).map_err(|error| refuse(&error))
}

fn refuse(error: &serde_json::Error) -> ApiError {
    let why: String = error.to_string().chars().take(300).collect();
    match error.classify() {
        serde_json::error::Category::Data => ApiError::unusable(format!("request does not fit: {why}")),
        _ => ApiError::malformed(format!("request body is not JSON: {why}")),
    }
}

fn is_json(request: &Request) -> bool {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json") || essence.to_ascii_lowercase().ends_with("+json")
}

async fn read(mut body: Body, limit: usize) -> Reply<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut total = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| ApiError::malformed("request body ended early"))?;
        let Ok(data) = frame.into_data() else { continue };
        total += data.len();
        if total <= limit {
            bytes.extend_from_slice(&data);
        } else if total > limit + DRAIN_BYTES {
            break;
        }
    }
    if total > limit { Err(ApiError::too_large(limit)) } else { Ok(bytes) }
}
