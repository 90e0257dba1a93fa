//! The newspaper's web server: one port on loopback, pages made when they are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::article::Article;
use super::pages;

/// Where the newspaper is found unless somebody else is there.
const USUAL_PORT: u16 = 19_871;

/// What robots are told.
const ROBOTS: &str = "User-agent: *\nDisallow: /private/\nDisallow: /ads/\nAllow: /\n";

/// A newspaper that answers until it is dropped.
#[derive(Debug)]
pub struct Newspaper {
    address: SocketAddr,
    site: Arc<Site>,
    stop: Option<oneshot::Sender<()>>,
}

#[derive(Debug)]
struct Site {
    articles: Vec<Article>,
    by_slug: BTreeMap<String, usize>,
    sections: Vec<String>,
    base: String,
    served: AtomicU64,
    trespasses: AtomicU64,
}

impl Newspaper {
    /// Opens a free port on loopback and prints the articles there. Must be called inside a tokio runtime.
    pub async fn open(articles: Vec<Article>) -> Result<Self> {
        let listener = listen().await.context("no free port on loopback for the newspaper")?;
        let address = listener.local_addr()?;
        let site = Arc::new(Site::new(articles, format!("http://{address}")));
        let (stop, stopped) = oneshot::channel();
        let server = axum::serve(listener, router(Arc::clone(&site)));
        tokio::spawn(
            server.with_graceful_shutdown(async { stopped.await.unwrap_or_default() }).into_future(),
        );
        Ok(Self { address, site, stop: Some(stop) })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// One feed per section.
    pub fn feeds(&self) -> Vec<String> {
        self.site.sections.iter().map(|section| format!("{}/feeds/{section}.xml", self.site.base)).collect()
    }

    /// What was printed.
    pub fn articles(&self) -> &[Article] {
        &self.site.articles
    }

    /// Article pages served so far.
    pub fn served(&self) -> u64 {
        self.site.served.load(Ordering::Relaxed)
    }

    /// Requests for what robots.txt forbids.
    pub fn trespasses(&self) -> u64 {
        self.site.trespasses.load(Ordering::Relaxed)
    }
}

/// The usual port, so that the same newspaper has the same addresses and thus the same record ids; else a free one.
async fn listen() -> std::io::Result<TcpListener> {
    match TcpListener::bind(("127.0.0.1", USUAL_PORT)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind(("127.0.0.1", 0)).await,
    }
}

impl Drop for Newspaper {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

impl Site {
    fn new(articles: Vec<Article>, base: String) -> Self {
        let by_slug = articles.iter().enumerate().map(|(i, a)| (a.slug.clone(), i)).collect();
        let sections: BTreeSet<String> = articles.iter().map(|a| a.label.clone()).collect();
        let counters = (AtomicU64::new(0), AtomicU64::new(0));
        Self {
            articles,
            by_slug,
            sections: sections.into_iter().collect(),
            base,
            served: counters.0,
            trespasses: counters.1,
        }
    }

    fn page(&self, slug: &str) -> Option<String> {
        let number = *self.by_slug.get(slug)?;
        let count = self.articles.len();
        let others: Vec<&Article> =
            (1..6).map(|step| &self.articles[(number + step * 7919) % count]).collect();
        self.served.fetch_add(1, Ordering::Relaxed);
        Some(pages::article_page(&self.articles[number], number, &self.sections, &others))
    }

    fn feed(&self, section: &str) -> Option<String> {
        let mut articles: Vec<&Article> = self.articles.iter().filter(|a| a.label == section).collect();
        articles.sort_by(|a, b| a.published.cmp(&b.published));
        (!articles.is_empty()).then(|| pages::feed(&self.base, section, &articles))
    }
}

fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route(
            "/",
            get(|State(site): State<Arc<Site>>| async move { Html(pages::front_page(&site.sections)) }),
        )
        .route("/robots.txt", get(|| async { ([(header::CONTENT_TYPE, "text/plain")], ROBOTS) }))
        .route("/feeds/{file}", get(feed))
        .route("/private/{*rest}", get(trespass))
        .route("/ads/{*rest}", get(trespass))
        .route("/{*slug}", get(article))
        .with_state(site)
}

async fn article(State(site): State<Arc<Site>>, Path(slug): Path<String>) -> Response {
    site.page(&slug).map_or_else(|| StatusCode::NOT_FOUND.into_response(), |page| Html(page).into_response())
}

async fn feed(State(site): State<Arc<Site>>, Path(file): Path<String>) -> Response {
    let xml = file.strip_suffix(".xml").and_then(|section| site.feed(section));
    let typed =
        |xml: String| ([(header::CONTENT_TYPE, "application/rss+xml; charset=utf-8")], xml).into_response();
    xml.map_or_else(|| StatusCode::NOT_FOUND.into_response(), typed)
}

async fn trespass(State(site): State<Arc<Site>>) -> StatusCode {
    site.trespasses.fetch_add(1, Ordering::Relaxed);
    StatusCode::FORBIDDEN
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::generate::newspaper;
    use biotope_core::Seed;

    #[tokio::test]
    async fn it_serves_feeds_pages_and_counts_trespasses() {
        let paper = Newspaper::open(newspaper(60, Seed(1)).unwrap()).await.unwrap();
        let feed = reqwest::get(&paper.feeds()[0]).await.unwrap().text().await.unwrap();
        assert_eq!(feed.matches("<item>").count(), 10);
        let url = format!("{}/{}", paper.base(), paper.articles()[3].slug);
        let page = reqwest::get(url).await.unwrap().text().await.unwrap();
        assert!(page.contains(&pages::escape(&paper.articles()[3].paragraphs[0])));
        assert_eq!((paper.served(), paper.trespasses()), (1, 0));
        assert_eq!(reqwest::get(format!("{}/private/login", paper.base())).await.unwrap().status(), 403);
        assert_eq!(paper.trespasses(), 1);
    }
}
