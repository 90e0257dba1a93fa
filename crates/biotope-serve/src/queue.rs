//! The one road to the model: a bounded queue, and a worker thread that takes from it what fits a batch.
//!
//! Batches form from what arrived while the model was busy; an idle model starts at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use biotope_bundle::{Answer, Explanation, Predictor};
use biotope_core::Document;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::telemetry::Telemetry;
use crate::{Error, Result, ServeConfig};

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The queue is full.
    Full,
    /// The worker is gone.
    Closed,
    /// The predictor broke, and how.
    Broken(String),
}

type Sender<T> = oneshot::Sender<Result<T, Failure>>;

enum Job {
    Predict { docs: Vec<Document>, reply: Sender<Vec<Answer>> },
    Explain { doc: Box<Document>, label: Option<usize>, reply: Sender<Explanation> },
}

impl Job {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Predict { reply, .. } => reply.is_closed(),
            Self::Explain { reply, .. } => reply.is_closed(),
        }
    }
}

/// The sending end.
#[derive(Debug)]
pub(crate) struct Queue {
    jobs: mpsc::Sender<Job>,
    telemetry: Arc<Telemetry>,
}

impl Queue {
    /// Starts the worker. It ends when the queue is dropped and empty.
    pub(crate) fn start(
        predictor: Arc<dyn Predictor>,
        config: &ServeConfig,
        telemetry: Arc<Telemetry>,
    ) -> Result<Self> {
        let (sender, jobs) = mpsc::channel(config.max_queue);
        let worker = Worker {
            jobs,
            predictor,
            telemetry: Arc::clone(&telemetry),
            documents: config.max_batch,
            tokens: config.max_batch_tokens,
            wait: Duration::from_millis(config.batch_wait_ms),
            words: config.explain_words,
            runtime: Handle::try_current().ok(),
        };
        let thread = std::thread::Builder::new().name("biotope-model".into());
        thread.spawn(move || worker.run()).map_err(Error::Thread)?;
        Ok(Self { jobs: sender, telemetry })
    }

    /// One answer per document.
    pub(crate) async fn predict(&self, docs: Vec<Document>) -> Result<Vec<Answer>, Failure> {
        let (reply, answer) = oneshot::channel();
        self.push(Job::Predict { docs, reply })?;
        answer.await.unwrap_or(Err(Failure::Closed))
    }

    /// An answer with the words behind it.
    pub(crate) async fn explain(&self, doc: Document, label: Option<usize>) -> Result<Explanation, Failure> {
        let (reply, answer) = oneshot::channel();
        self.push(Job::Explain { doc: Box::new(doc), label, reply })?;
        answer.await.unwrap_or(Err(Failure::Closed))
    }

    fn push(&self, job: Job) -> Result<(), Failure> {
        self.telemetry.queued(1.0);
        let refused = |error| {
            self.telemetry.queued(-1.0);
            match error {
                mpsc::error::TrySendError::Full(_) => Failure::Full,
                mpsc::error::TrySendError::Closed(_) => Failure::Closed,
            }
        };
        self.jobs.try_send(job).map_err(refused)
    }
}

struct Worker {
    jobs: mpsc::Receiver<Job>,
    predictor: Arc<dyn Predictor>,
    telemetry: Arc<Telemetry>,
    documents: usize,
    tokens: usize,
    wait: Duration,
    words: usize,
    runtime: Option<Handle>,
}

type Waiting = (Vec<Document>, Sender<Vec<Answer>>);

impl Worker {
    fn run(mut self) {
        let mut held = None;
        while let Some(job) = held.take().or_else(|| self.next()) {
            match job {
                Job::Predict { docs, reply } => {
                    let (batch, rest) = self.gather((docs, reply));
                    held = rest;
                    self.answer(batch);
                }
                Job::Explain { doc, label, reply } => {
                    let explanation =
                        self.guarded(1, |predictor, words| predictor.explain(&doc, label, words));
                    if let Ok(explanation) = &explanation {
                        self.telemetry.answers(std::slice::from_ref(&explanation.answer));
                    }
                    let _gone = reply.send(explanation);
                }
            }
        }
    }

    /// The next job that somebody waits for.
    fn next(&mut self) -> Option<Job> {
        loop {
            let job = self.jobs.blocking_recv()?;
            self.telemetry.queued(-1.0);
            if !job.is_abandoned() {
                return Some(job);
            }
        }
    }

    /// What fits into a batch with the first, and a job that did not fit.
    fn gather(&mut self, first: Waiting) -> (Vec<Waiting>, Option<Job>) {
        let until = Instant::now() + self.wait;
        let (mut documents, mut tokens) = (first.0.len(), self.estimate(&first.0));
        let mut batch = vec![first];
        while documents < self.documents && tokens < self.tokens {
            match self.another(until) {
                None => break,
                Some(job) if job.is_abandoned() => {}
                Some(Job::Predict { docs, reply }) => {
                    let more = self.estimate(&docs);
                    if documents + docs.len() > self.documents || tokens + more > self.tokens {
                        return (batch, Some(Job::Predict { docs, reply }));
                    }
                    (documents, tokens) = (documents + docs.len(), tokens + more);
                    batch.push((docs, reply));
                }
                Some(job) => return (batch, Some(job)),
            }
        }
        (batch, None)
    }

    fn another(&mut self, until: Instant) -> Option<Job> {
        let job = match self.jobs.try_recv() {
            Ok(job) => Some(job),
            Err(_) if self.wait.is_zero() => None,
            Err(_) => {
                let runtime = self.runtime.clone()?;
                let jobs = &mut self.jobs;
                runtime.block_on(async {
                    tokio::time::timeout_at(until.into(), jobs.recv()).await.ok().flatten()
                })
            }
        };
        job.inspect(|_| self.telemetry.queued(-1.0))
    }

    /// A token is taken for three bytes: English has four to five, Chinese three.
    fn estimate(&self, docs: &[Document]) -> usize {
        let longest = self.predictor.signature().max_length.max(1);
        docs.iter().map(|doc| (doc.text.len() / 3 + 1).min(longest)).sum()
    }

    /// Answers all who wait. If the batch breaks, each is tried alone, so that only the culprit suffers.
    fn answer(&self, batch: Vec<Waiting>) {
        let docs: Vec<Document> = batch.iter().flat_map(|(docs, _)| docs.iter().cloned()).collect();
        match self.pass(&docs) {
            Ok(answers) => {
                let mut answers = answers.into_iter();
                for (docs, reply) in batch {
                    let _gone = reply.send(Ok(answers.by_ref().take(docs.len()).collect()));
                }
            }
            Err(failure) if batch.len() == 1 => {
                for (_, reply) in batch {
                    let _gone = reply.send(Err(failure.clone()));
                }
            }
            Err(_) => batch.into_iter().for_each(|alone| self.answer(vec![alone])),
        }
    }

    fn pass(&self, docs: &[Document]) -> Result<Vec<Answer>, Failure> {
        let answers = self.guarded(docs.len(), |predictor, _| predictor.predict(docs))?;
        if answers.len() != docs.len() {
            return Err(Failure::Broken(format!("{} answers for {} documents", answers.len(), docs.len())));
        }
        self.telemetry.answers(&answers);
        Ok(answers)
    }

    /// Calls the predictor; its errors and panics are values here.
    fn guarded<T>(
        &self,
        documents: usize,
        call: impl FnOnce(&dyn Predictor, usize) -> biotope_bundle::Result<T>,
    ) -> Result<T, Failure> {
        let started = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| call(self.predictor.as_ref(), self.words)));
        self.telemetry.pass(documents, started.elapsed());
        let broken = match result {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the model panicked".into(),
        };
        tracing::error!(error = %broken, documents, "model failed");
        self.telemetry.failure();
        Err(Failure::Broken(broken))
    }
}
