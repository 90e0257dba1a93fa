//! Serving over HTTP: batching, limits, metrics, the Open Inference Protocol and a page for editors
