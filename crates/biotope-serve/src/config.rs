//! How the service is set up, and its limits.

use biotope_core::{Config, Invalid};
use serde::{Deserialize, Serialize};

/// Settings of the service. Limits are there to be hit: whatever is over one gets a clear answer at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeConfig {
    /// Where to listen; port 0 takes a free one.
    pub addr: String,
    /// Most bytes of a request's body (413 above).
    pub max_body_bytes: usize,
    /// Most open connections; more wait in the system's backlog.
    pub max_connections: usize,
    /// Most inference requests at a time (429 above).
    pub max_concurrent: usize,
    /// Most inference requests that wait for the model (429 above).
    pub max_queue: usize,
    /// Most documents in one request (422 above).
    pub max_client_batch: usize,
    /// Most documents that go through the model at once.
    pub max_batch: usize,
    /// Most tokens, by estimate, that go through the model at once.
    pub max_batch_tokens: usize,
    /// How long the first request of a batch waits for others, in milliseconds. 0: not at all; batches
    /// then form by themselves from what arrives while the model is busy.
    pub batch_wait_ms: u64,
    /// Longest time from the first byte of a request to its answer, in seconds (503 after).
    pub request_seconds: u64,
    /// How long `/health` says 503 before the listener closes, so that a load balancer looks away.
    pub drain_seconds: u64,
    /// How long requests in flight may take after the listener closed, in seconds.
    pub grace_seconds: u64,
    /// Most words that an explanation weighs; each costs a pass through the model.
    pub explain_words: usize,
    /// Whether `/classify` may fetch a page by its URL.
    pub allow_fetch: bool,
    /// Hosts that may be fetched although their address is private (an editorial system); `*` is any.
    pub private_hosts: Vec<String>,
    /// Most bytes of a fetched page.
    pub max_fetch_bytes: usize,
    /// Longest time for fetching a page with all its redirects, in seconds.
    pub fetch_seconds: u64,
    /// Most pages that are fetched at a time (429 above).
    pub max_fetches: usize,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            addr: "127.0.0.1:8080".into(),
            max_body_bytes: 4 << 20,
            max_connections: 4096,
            max_concurrent: 512,
            max_queue: 256,
            max_client_batch: 32,
            max_batch: 32,
            max_batch_tokens: 16_384,
            batch_wait_ms: 0,
            request_seconds: 30,
            drain_seconds: 0,
            grace_seconds: 10,
            explain_words: 64,
            allow_fetch: true,
            private_hosts: Vec::new(),
            max_fetch_bytes: 4 << 20,
            fetch_seconds: 10,
            max_fetches: 8,
        }
    }
}

impl Config for ServeConfig {
    const NAME: &'static str = "serve";
    const SUMMARY: &'static str = "HTTP service with batching and limits";

    fn check(&self) -> Result<(), Invalid> {
        let positive = [
            ("max_body_bytes", self.max_body_bytes),
            ("max_connections", self.max_connections),
            ("max_concurrent", self.max_concurrent),
            ("max_queue", self.max_queue),
            ("max_client_batch", self.max_client_batch),
            ("max_batch", self.max_batch),
            ("max_batch_tokens", self.max_batch_tokens),
            ("request_seconds", self.request_seconds as usize),
            ("max_fetch_bytes", self.max_fetch_bytes),
            ("fetch_seconds", self.fetch_seconds as usize),
            ("max_fetches", self.max_fetches),
        ];
        match positive.iter().find(|(_, value)| *value == 0) {
            Some((field, _)) => Err(Invalid::new(*field, "must be positive", 0)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use biotope_core::config;

    #[test]
    fn a_limit_of_zero_is_refused() {
        let table = "max_queue = 0".parse().unwrap();
        let error = config::from_table::<ServeConfig>(&table).unwrap_err();
        assert_eq!(error.to_string(), "invalid max_queue: must be positive, got 0");
    }
}
