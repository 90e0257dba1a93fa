//! Toy predictors and a running service.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use biotope_bundle::{Answer, Error, Predictor, Reason, Result, Signature};
use biotope_core::{Document, MediaType, Prediction, Task};
use biotope_serve::{Drained, Info, ServeConfig, bind, serve};
use reqwest::{Client, Response};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const LABELS: [&str; 3] = ["crude", "grain", "体育"];

pub(crate) fn signature() -> Signature {
    Signature {
        name: "toy".into(),
        version: "3".into(),
        digest: None,
        model: "keywords".into(),
        task: Task::SingleLabel { labels: LABELS.map(String::from).to_vec() },
        inputs: vec![MediaType::Text, MediaType::Html],
        max_length: 128,
    }
}

/// Knows three words; refuses what is shorter than three characters; breaks when told to.
pub(crate) struct Toy(pub(crate) Signature);

impl Predictor for Toy {
    fn signature(&self) -> &Signature {
        &self.0
    }

    fn predict(&self, docs: &[Document]) -> Result<Vec<Answer>> {
        docs.iter().map(answer).collect()
    }
}

fn answer(doc: &Document) -> Result<Answer> {
    let text = doc.full_text();
    assert!(!text.contains("panic!"), "told to");
    if text.contains("break!") {
        return Err(Error::Predictor("told to".into()));
    }
    if text.chars().count() < 3 {
        return Ok(Answer::Refused(Reason::new("limit-length", "fewer than 3 characters")));
    }
    let worth = |word| 1.0 + 7.0 * f64::from(u8::from(text.contains(word)));
    let worths = [worth("oil"), worth("wheat"), worth("足球")];
    let sum: f64 = worths.iter().sum();
    Ok(Answer::Predicted(Prediction { id: doc.id, scores: worths.map(|worth| worth / sum).to_vec() }))
}

/// Tells how many documents came in and answers when let to.
pub(crate) struct Gate {
    toy: Toy,
    entered: Mutex<Sender<usize>>,
    open: Mutex<Receiver<()>>,
}

impl Gate {
    pub(crate) fn new() -> (Arc<Self>, Receiver<usize>, Sender<()>) {
        let (entered, seen) = channel();
        let (open, opened) = channel();
        let gate = Self { toy: Toy(signature()), entered: Mutex::new(entered), open: Mutex::new(opened) };
        (Arc::new(gate), seen, open)
    }
}

impl Predictor for Gate {
    fn signature(&self) -> &Signature {
        self.toy.signature()
    }

    fn predict(&self, docs: &[Document]) -> Result<Vec<Answer>> {
        let _nobody_counts = self.entered.lock().unwrap().send(docs.len());
        let _left_open = self.open.lock().unwrap().recv();
        self.toy.predict(docs)
    }
}

/// A service on a free port.
pub(crate) struct Service {
    pub(crate) base: String,
    pub(crate) client: Client,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) done: JoinHandle<biotope_serve::Result<Drained>>,
}

pub(crate) async fn start() -> Service {
    start_with(ServeConfig::default(), Arc::new(Toy(signature()))).await
}

pub(crate) async fn start_with(config: ServeConfig, predictor: Arc<dyn Predictor>) -> Service {
    let listener = bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    let info = Info::of(predictor.signature());
    let done = tokio::spawn(serve(predictor, info, config, listener, stopped));
    Service { base, client: Client::builder().no_proxy().build().unwrap(), stop, done }
}

impl Service {
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.base)).send().await.unwrap()
    }

    pub(crate) async fn send(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        let request =
            self.client.post(format!("{}{path}", self.base)).header("content-type", "application/json");
        request.body(body).send().await.unwrap()
    }

    /// Status and JSON of the answer.
    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        told(self.send(path, body.to_string()).await).await
    }
}

pub(crate) async fn told(response: Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.unwrap())
}

/// Blocks a thread that may block until the channel tells.
pub(crate) async fn wait<T: Send + 'static>(receiver: Receiver<T>) -> (T, Receiver<T>) {
    tokio::task::spawn_blocking(move || (receiver.recv().unwrap(), receiver)).await.unwrap()
}
