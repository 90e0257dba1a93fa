//! Answers that are errors: `{"error": "...", "error_type": "..."}` with the right status.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

/// What kind of error it is; names as in text-embeddings-inference, with `Refused` and `Timeout` besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum ErrorType {
    /// The model broke (424).
    Backend,
    /// Nothing was asked (400).
    Empty,
    /// There is no such route, model or version (404, 405).
    NotFound,
    /// Too much at a time (429).
    Overloaded,
    /// A cleaning step refused the document (422).
    Refused,
    /// It took too long (503).
    Timeout,
    /// The service is going down or broke (503, 500).
    Unhealthy,
    /// The request is not as it should be (400, 413, 415, 422).
    Validation,
}

/// An error as an answer.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) kind: ErrorType,
    pub(crate) message: String,
}

/// A handler's result.
pub(crate) type Reply<T = Response> = Result<T, ApiError>;

impl ApiError {
    pub(crate) fn new(status: StatusCode, kind: ErrorType, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into() }
    }

    /// The request can be read but not used.
    pub(crate) fn unusable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, ErrorType::Validation, message)
    }

    /// The request cannot be read.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorType::Validation, message)
    }

    /// Come back in a second.
    pub(crate) fn overloaded(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorType::Overloaded, message)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("request body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorType::Validation, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, ErrorType::NotFound, message)
    }

    fn waits(&self) -> bool {
        matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.message, "error_type": self.kind }));
        let mut response = (self.status, body).into_response();
        if self.waits() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
