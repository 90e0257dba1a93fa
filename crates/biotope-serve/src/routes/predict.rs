//! `POST /predict` in the shape of text-embeddings-inference.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use biotope_bundle::Answer;
use biotope_core::Document;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Scored, scored};
use crate::App;
use crate::app::refused;
use crate::body;
use crate::reply::{ApiError, Reply};

/// Where texts come from when a client sends them bare.
pub(super) const SOURCE: &str = "request:";

#[derive(Deserialize)]
struct Ask {
    inputs: Inputs,
    #[serde(default)]
    explain: bool,
    #[serde(default)]
    raw_scores: bool,
    /// Texts are always cut to the model's length, so this changes nothing.
    #[serde(default, rename = "truncate")]
    _truncate: bool,
    #[serde(default, rename = "truncation_direction")]
    _truncation_direction: Option<String>,
}

/// One text, or several. `["a", "b"]` are two texts here (text-embeddings-inference takes them for a pair,
/// which no classifier of articles has a use for); `[["a"], ["b"]]` are two texts everywhere.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "\"inputs\" must be a string, a list of strings, or a list of lists of one string"
)]
enum Inputs {
    One(String),
    Many(Vec<String>),
    Nested(Vec<Vec<String>>),
}

impl Inputs {
    fn texts(self) -> Reply<Vec<String>> {
        match self {
            Self::One(text) => Ok(vec![text]),
            Self::Many(texts) => Ok(texts),
            Self::Nested(lists) => {
                lists.into_iter().enumerate().map(|(index, list)| alone(index, list)).collect()
            }
        }
    }
}

fn alone(index: usize, list: Vec<String>) -> Reply<String> {
    match <[String; 1]>::try_from(list) {
        Ok([text]) => Ok(text),
        Err(list) => Err(ApiError::unusable(format!("input {index} has {} texts, expected one", list.len()))),
    }
}

/// A word and what the label's score loses without it.
#[derive(Debug, Serialize)]
pub(super) struct Word {
    pub(super) word: String,
    pub(super) weight: f64,
}

impl From<(String, f64)> for Word {
    fn from((word, weight): (String, f64)) -> Self {
        Self { word, weight }
    }
}

pub(super) async fn predict(State(app): State<Arc<App>>, request: Request) -> Reply {
    let _permit = app.permit()?;
    let ask: Ask = body::json(request, app.config.max_body_bytes).await?;
    if ask.raw_scores {
        return Err(ApiError::unusable("raw_scores is not offered: scores are probabilities"));
    }
    let single = matches!(ask.inputs, Inputs::One(_));
    let docs: Vec<Document> =
        ask.inputs.texts()?.into_iter().map(|text| Document::new(SOURCE, text)).collect();
    if ask.explain {
        return explain(&app, docs, single).await;
    }
    let answers = app.predict(docs).await?;
    let scores = answers.iter().enumerate().map(|(index, answer)| labels(&app, index, answer));
    let mut scores = scores.collect::<Reply<Vec<Vec<Scored>>>>()?;
    Ok(if single { Json(scores.remove(0)).into_response() } else { Json(scores).into_response() })
}

fn labels(app: &App, index: usize, answer: &Answer) -> Reply<Vec<Scored>> {
    match answer {
        Answer::Predicted(prediction) => Ok(scored(app.signature(), prediction)),
        Answer::Refused(reason) => Err(refused(index, reason)),
    }
}

/// With `"explain": true`, one text at a time: labels, and the words behind the best.
async fn explain(app: &App, mut docs: Vec<Document>, single: bool) -> Reply<Response> {
    let (Some(doc), true) = (docs.pop(), single) else {
        return Err(ApiError::unusable("explain takes one text at a time"));
    };
    let explanation = app.explain(doc, None).await?;
    let labels = labels(app, 0, &explanation.answer)?;
    let words: Vec<Word> = explanation.words.into_iter().map(Word::from).collect();
    let explained = labels.first().map(|best| best.label.clone());
    Ok(Json(json!({ "labels": labels, "explained": explained, "words": words })).into_response())
}
