//! A site on loopback that answers as a function says, and keeps a log of what was asked.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;

/// What was asked, and when.
pub(crate) type Log = Arc<Mutex<Vec<(String, Instant)>>>;

/// A site that runs until it is dropped.
pub(crate) struct Site {
    pub(crate) base: String,
    pub(crate) log: Log,
    _runtime: tokio::runtime::Runtime,
}

impl Site {
    /// Opens a free port; `answer` is told how often the path was asked before.
    pub(crate) fn open(answer: impl Fn(&Request, usize) -> Response + Clone + Send + Sync + 'static) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let log = Log::default();
        let kept = log.clone();
        let app = Router::new().fallback(move |request: Request| {
            let path = request.uri().path_and_query().map_or(String::new(), ToString::to_string);
            let mut log = kept.lock().unwrap();
            let before = log.iter().filter(|(seen, _)| *seen == path).count();
            log.push((path, Instant::now()));
            let response = answer(&request, before);
            async move { response }
        });
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { base, log, _runtime: runtime }
    }

    /// How often a path was asked.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.log.lock().unwrap().iter().filter(|(seen, _)| seen == path).count()
    }
}
