//! What every request goes through: an id, a time limit, meters, a log line without its content, and the
//! headers that every answer bears.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::App;
use crate::reply::{ApiError, ErrorType};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers that are no page load nothing and are framed by nobody.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The outermost layer.
pub(crate) async fn envelope(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let number = app.requests.fetch_add(1, Ordering::Relaxed);
    let id = request_id(request.headers(), number);
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = method(request.method());
    let counted = Counted::new(&app);
    let limit = Duration::from_secs(app.config.request_seconds);
    let mut response = match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => too_late(limit),
    };
    drop(counted);
    let (status, took) = (response.status().as_u16(), started.elapsed());
    tracing::info!(request_id = ?id, method, route, status, ms = took.as_secs_f64() * 1e3, "request");
    app.telemetry.request(&route, method, status, took);
    harden(response.headers_mut(), id);
    response
}

fn too_late(limit: Duration) -> Response {
    let message = format!("no answer within {} seconds", limit.as_secs());
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, ErrorType::Timeout, message).into_response()
}

/// The client's id if it is short and plain, else a number.
fn request_id(headers: &HeaderMap, number: usize) -> HeaderValue {
    let plain = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"-_.:".contains(b);
        !bytes.is_empty() && bytes.len() <= 128 && bytes.iter().all(allowed)
    };
    headers.get(REQUEST_ID).filter(plain).cloned().unwrap_or_else(|| HeaderValue::from(number))
}

fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn harden(headers: &mut HeaderMap, id: HeaderValue) {
    headers.insert(REQUEST_ID, id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(DATA_POLICY));
}

/// Counts a request in flight as long as it lives, also when its client goes away.
struct Counted<'a>(&'a App);

impl<'a> Counted<'a> {
    fn new(app: &'a App) -> Self {
        app.in_flight.fetch_add(1, Ordering::Relaxed);
        app.telemetry.in_flight(1.0);
        Self(app)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.0.telemetry.in_flight(-1.0);
    }
}

/// A panic in a handler is an answer, too.
pub(crate) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    let message = "the service broke while answering; this is a defect";
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorType::Unhealthy, message).into_response()
}
