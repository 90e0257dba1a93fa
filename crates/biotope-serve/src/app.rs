//! What all routes share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::http::StatusCode;
use biotope_bundle::{Answer, Explanation, Predictor, Reason, Signature};
use biotope_core::Document;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::fetch::Fetcher;
use crate::queue::{Failure, Queue};
use crate::reply::{ApiError, ErrorType, Reply};
use crate::routes::Page;
use crate::telemetry::Telemetry;
use crate::{Info, Result, ServeConfig};

/// A predictor with its queue, limits and meters.
pub struct App {
    pub(crate) predictor: Arc<dyn Predictor>,
    pub(crate) info: Info,
    pub(crate) config: ServeConfig,
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) fetcher: Fetcher,
    pub(crate) page: Page,
    pub(crate) in_flight: AtomicUsize,
    pub(crate) requests: AtomicUsize,
    queue: Queue,
    permits: Semaphore,
    closing: AtomicBool,
}

impl App {
    /// Checks the settings and starts the worker thread. To be called inside a tokio runtime if
    /// `batch_wait_ms` is set.
    pub fn new(predictor: Arc<dyn Predictor>, info: Info, config: ServeConfig) -> Result<Arc<Self>> {
        biotope_core::Config::check(&config)?;
        let telemetry = Arc::new(Telemetry::new(predictor.signature()));
        Ok(Arc::new(Self {
            queue: Queue::start(Arc::clone(&predictor), &config, Arc::clone(&telemetry))?,
            permits: Semaphore::new(config.max_concurrent),
            fetcher: Fetcher::new(&config)?,
            page: Page::new(),
            in_flight: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
            predictor,
            info,
            config,
            telemetry,
        }))
    }

    /// From now on `/health` says that the service is going down.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Whether the service takes requests.
    pub fn is_ready(&self) -> bool {
        !self.closing.load(Ordering::Relaxed)
    }

    pub(crate) fn signature(&self) -> &Signature {
        self.predictor.signature()
    }

    /// A place among the requests at a time, or 429.
    pub(crate) fn permit(&self) -> Reply<SemaphorePermit<'_>> {
        let full =
            |_| ApiError::overloaded(format!("{} requests at a time, no more", self.config.max_concurrent));
        self.permits.try_acquire().map_err(full)
    }

    /// Answers in order; at least one document, at most `max_client_batch`.
    pub(crate) async fn predict(&self, docs: Vec<Document>) -> Reply<Vec<Answer>> {
        let (got, most) = (docs.len(), self.config.max_client_batch);
        if got == 0 {
            return Err(ApiError::new(StatusCode::BAD_REQUEST, ErrorType::Empty, "there is no input"));
        }
        if got > most {
            return Err(ApiError::unusable(format!("{got} inputs in a request, at most {most} are allowed")));
        }
        self.queue.predict(docs).await.map_err(|failure| self.failed(failure))
    }

    pub(crate) async fn explain(&self, doc: Document, label: Option<usize>) -> Reply<Explanation> {
        self.queue.explain(doc, label).await.map_err(|failure| self.failed(failure))
    }

    fn failed(&self, failure: Failure) -> ApiError {
        match failure {
            Failure::Full => {
                ApiError::overloaded(format!("{} requests wait already, try again", self.config.max_queue))
            }
            Failure::Closed => {
                ApiError::new(StatusCode::SERVICE_UNAVAILABLE, ErrorType::Unhealthy, "the model is gone")
            }
            Failure::Broken(why) => ApiError::new(
                StatusCode::FAILED_DEPENDENCY,
                ErrorType::Backend,
                format!("the model broke: {why}"),
            ),
        }
    }
}

/// A refusal as an error, for answers that have no room for one.
pub(crate) fn refused(index: usize, reason: &Reason) -> ApiError {
    let message = format!("input {index} was refused by {}: {}", reason.step, reason.why);
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, ErrorType::Refused, message)
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("info", &self.info).field("config", &self.config).finish_non_exhaustive()
    }
}
