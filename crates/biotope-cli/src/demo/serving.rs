//! The bundle served on loopback and asked: how long an answer takes, and what it says about a page.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use biotope::bundle::{Bundle, Predictor};
use biotope::eval::quantile;
use biotope_serve::{Info, ServeConfig, bind, serve};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::article::Article;

/// Requests that warm caches and are not timed.
const WARM_UP: usize = 5;

/// What asking showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) requests: usize,
    pub(crate) page: Value,
}

/// Serves the bundle, times `requests` texts of 100 words one after another, and asks about one page by its URL.
pub(crate) async fn ask(bundle: Bundle, articles: &[Article], page: &str, requests: usize) -> Result<Asked> {
    let config = ServeConfig {
        private_hosts: vec!["127.0.0.1".into()],
        addr: "127.0.0.1:0".into(),
        ..ServeConfig::default()
    };
    let listener = bind(&config.addr).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let info = Info::of(bundle.signature());
    let server = tokio::spawn(serve(Arc::new(bundle), info, config, listener, async move {
        let _ = stopped.await;
    }));
    let asked = questions(&base, articles, page, requests).await;
    let _ = stop.send(());
    server.await.context("the service panicked")??;
    asked
}

async fn questions(base: &str, articles: &[Article], page: &str, requests: usize) -> Result<Asked> {
    let client = reqwest::Client::new();
    let mut millis = Vec::new();
    for (number, text) in texts(articles).take(requests + WARM_UP).enumerate() {
        let begun = Instant::now();
        post(&client, &format!("{base}/predict"), &json!({ "inputs": text })).await?;
        if number >= WARM_UP {
            millis.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
    }
    let page = post(&client, &format!("{base}/classify"), &json!({ "url": page, "explain": true })).await?;
    let at = |q| quantile(&millis, q).context("no article is long enough to ask about");
    Ok(Asked { p50_ms: at(0.5)?, p99_ms: at(0.99)?, requests: millis.len(), page })
}

async fn post(client: &reqwest::Client, url: &str, body: &Value) -> Result<Value> {
    let response = client.post(url).json(body).send().await?;
    let status = response.status();
    let answer: Value = response.json().await?;
    ensure!(status.is_success(), "{url} answered {status}: {answer}");
    Ok(answer)
}

/// Texts of 100 words, made by joining articles of the test period.
fn texts(articles: &[Article]) -> impl Iterator<Item = String> + '_ {
    let words: Vec<String> = articles
        .iter()
        .filter(|article| article.is_test() && article.language == "en")
        .flat_map(|article| article.body().split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let count = words.len() / 100;
    (0..count * 50).map(move |n| words[n % count * 100..][..100].join(" "))
}
