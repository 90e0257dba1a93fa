//! What `/metrics` tells, in Prometheus' text format. No label depends on what clients send.

use std::time::Duration;

use biotope_bundle::{Answer, Signature};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::info::names;

const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const DOCUMENTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

/// The meters of one service.
pub(crate) struct Telemetry {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    labels: Vec<String>,
}

impl Telemetry {
    pub(crate) fn new(signature: &Signature) -> Self {
        let builder = PrometheusBuilder::new();
        let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS);
        let builder =
            builder.and_then(|b| b.set_buckets_for_metric(Matcher::Suffix("_documents".into()), DOCUMENTS));
        let recorder = builder.expect("the bucket lists are not empty").build_recorder();
        let handle = recorder.handle();
        let telemetry = Self { recorder, handle, labels: names(signature) };
        telemetry.describe(signature);
        telemetry
    }

    fn describe(&self, signature: &Signature) {
        metrics::with_local_recorder(&self.recorder, || {
            describe_counter!("biotope_requests_total", "Requests by route, method and status");
            describe_histogram!("biotope_request_seconds", "Time from request to answer by route");
            describe_gauge!("biotope_in_flight", "Requests being answered");
            describe_gauge!("biotope_queue_depth", "Requests waiting for the model");
            describe_histogram!("biotope_batch_documents", "Documents per pass through the model");
            describe_histogram!("biotope_model_seconds", "Time of a pass through the model");
            describe_counter!("biotope_predictions_total", "Documents by their best label");
            describe_counter!("biotope_refused_total", "Documents that a cleaning step refused, by step");
            describe_counter!("biotope_model_failures_total", "Passes that broke");
            describe_gauge!("biotope_model_info", "1, with what is served as labels");
            gauge!("biotope_model_info", "name" => signature.name.clone(), "version" => signature.version.clone(),
                "model" => signature.model.clone())
            .set(1.0);
            gauge!("biotope_in_flight").set(0.0);
            gauge!("biotope_queue_depth").set(0.0);
        });
    }

    /// A request was answered.
    pub(crate) fn request(&self, route: &str, method: &'static str, status: u16, took: Duration) {
        metrics::with_local_recorder(&self.recorder, || {
            let labels =
                [("route", route.to_owned()), ("method", method.to_owned()), ("status", status.to_string())];
            counter!("biotope_requests_total", &labels).increment(1);
            histogram!("biotope_request_seconds", "route" => route.to_owned()).record(took.as_secs_f64());
        });
    }

    /// One request more, or one less, is being answered.
    pub(crate) fn in_flight(&self, change: f64) {
        metrics::with_local_recorder(&self.recorder, || gauge!("biotope_in_flight").increment(change));
    }

    /// One request more, or one less, waits for the model. Changes add up whatever their order; settings would not.
    pub(crate) fn queued(&self, change: f64) {
        metrics::with_local_recorder(&self.recorder, || gauge!("biotope_queue_depth").increment(change));
    }

    /// A pass through the model.
    pub(crate) fn pass(&self, documents: usize, took: Duration) {
        metrics::with_local_recorder(&self.recorder, || {
            histogram!("biotope_batch_documents").record(documents as f64);
            histogram!("biotope_model_seconds").record(took.as_secs_f64());
        });
    }

    /// A pass broke.
    pub(crate) fn failure(&self) {
        metrics::with_local_recorder(&self.recorder, || {
            counter!("biotope_model_failures_total").increment(1);
        });
    }

    /// What was answered.
    pub(crate) fn answers(&self, answers: &[Answer]) {
        metrics::with_local_recorder(&self.recorder, || {
            for answer in answers {
                match answer {
                    Answer::Predicted(prediction) => {
                        let label = prediction.best().and_then(|best| self.labels.get(best).cloned());
                        counter!("biotope_predictions_total", "label" => label.unwrap_or_default())
                            .increment(1);
                    }
                    Answer::Refused(reason) => {
                        counter!("biotope_refused_total", "step" => reason.step.clone()).increment(1);
                    }
                }
            }
        });
    }

    /// The text of `/metrics`.
    pub(crate) fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds what was recorded into the buckets; to be called now and then if nobody renders.
    pub(crate) fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}
