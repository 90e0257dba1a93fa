//! `POST /classify`: a text, a page or a URL, with what the steps made of it and the words that mattered.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::{Request, State};
use biotope_bundle::{Answer, Reason};
use biotope_core::{Document, Trace};
use serde::{Deserialize, Serialize};

use super::predict::{SOURCE, Word};
use super::{Scored, scored};
use crate::App;
use crate::body;
use crate::info::names;
use crate::reply::{ApiError, Reply};

/// Most characters of the text as read that are sent back.
const EXCERPT: usize = 6_000;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Ask {
    text: Option<String>,
    html: Option<String>,
    url: Option<String>,
    title: Option<String>,
    explain: bool,
    label: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Told {
    id: String,
    source: String,
    /// What the model saw: the document after the steps.
    read: Option<Read>,
    /// All labels, best first.
    labels: Vec<Scored>,
    /// Why a step refused it.
    refused: Option<Reason>,
    /// The label that the words speak for or against.
    explained: Option<String>,
    words: Vec<Word>,
    model: Served,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct Read {
    title: Option<String>,
    language: Option<String>,
    published: Option<String>,
    text: String,
    characters: usize,
    trail: Vec<Trace>,
}

#[derive(Debug, Serialize)]
struct Served {
    name: String,
    version: String,
}

pub(super) async fn classify(State(app): State<Arc<App>>, request: Request) -> Reply<Json<Told>> {
    let _permit = app.permit()?;
    let started = Instant::now();
    let ask: Ask = body::json(request, app.config.max_body_bytes).await?;
    let label = ask.label.as_deref().map(|label| index(&app, label)).transpose()?;
    let explain = ask.explain;
    let doc = document(&app, ask).await?;
    let (id, source) = (doc.id.to_string(), doc.source.clone());
    let (clean, doc) = clean(&app, doc).await?;
    let (answer, explained, words) = if explain {
        let explanation = app.explain(doc, label).await?;
        (explanation.answer, names(app.signature()).get(explanation.label).cloned(), explanation.words)
    } else {
        let answers = app.predict(vec![doc]).await?;
        (answers.into_iter().next().expect("one answer per document"), None, Vec::new())
    };
    let signature = app.signature();
    let (labels, refused) = match answer {
        Answer::Predicted(prediction) => (scored(signature, &prediction), None),
        Answer::Refused(reason) => (Vec::new(), Some(reason)),
    };
    Ok(Json(Told {
        id,
        source,
        read: clean.map(read),
        explained: explained.filter(|_| refused.is_none()),
        labels,
        refused,
        words: words.into_iter().map(Word::from).collect(),
        model: Served { name: signature.name.clone(), version: signature.version.clone() },
        seconds: started.elapsed().as_secs_f64(),
    }))
}

fn index(app: &App, label: &str) -> Reply<usize> {
    let names = names(app.signature());
    let unknown = || ApiError::unusable(format!("unknown label {label:?}; known: {}", names.join(", ")));
    names.iter().position(|known| known == label).ok_or_else(unknown)
}

async fn document(app: &App, ask: Ask) -> Reply<Document> {
    let doc = match (ask.text, ask.html, ask.url) {
        (Some(text), None, None) => Document::new(SOURCE, text),
        (None, Some(html), None) => Document::page(SOURCE, html),
        (None, None, Some(url)) => app.fetcher.page(&url).await?,
        _ => return Err(ApiError::unusable("give one of \"text\", \"html\" and \"url\"")),
    };
    let title = ask.title.filter(|title| !title.trim().is_empty());
    Ok(Document { title: title.or(doc.title.clone()), ..doc })
}

/// The document after the steps, and the one to predict from: steps may be slow on a large page, so they
/// do not run on a thread that answers others.
async fn clean(app: &Arc<App>, doc: Document) -> Reply<(Option<Document>, Document)> {
    let app = Arc::clone(app);
    let work = move || (app.predictor.clean(&doc).ok(), doc);
    let broke = |_| ApiError::unusable("the cleaning steps broke on this page");
    tokio::task::spawn_blocking(work).await.map_err(broke)
}

fn read(doc: Document) -> Read {
    let characters = doc.text.chars().count();
    let text = doc.text.chars().take(EXCERPT).collect();
    let Document { title, language, published, trail, .. } = doc;
    Read { title, language, published, text, characters, trail }
}
