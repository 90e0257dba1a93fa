//! The web source against a newspaper on loopback: order, politeness, refusals, encodings.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use biotope_core::{Document, Silent};
use biotope_data::sources::web::{Web, WebConfig};
use biotope_data::{Dataset, Error, Quarantine, Source, Store, collect};

type Log = Arc<Mutex<Vec<(String, Instant)>>>;

/// A newspaper that runs until its runtime is dropped.
struct Paper {
    base: String,
    log: Log,
    _runtime: tokio::runtime::Runtime,
}

const ROBOTS: &str = "User-agent: *\nDisallow: /private/\n";

fn page(name: &str) -> String {
    format!(
        "<html lang=en><head><title>{name}</title><meta name=section content=s-{name}></head><body><article><p>This \
         is the text of the article called {name}, long enough to be taken for an article by anyone.</p></article>\
         <a href=/linked/{name}.html>more</a></body></html>"
    )
}

fn feed(base: &str, names: &[&str]) -> String {
    let item = |name: &&str| {
        format!(
            "<item><title>Feed {name}</title><link>{base}/{name}</link><category>cat-{name}</category>\
             <pubDate>Wed, 08 Apr 1987 10:00:00 GMT</pubDate></item>"
        )
    };
    let items: String = names.iter().map(item).collect();
    format!("<?xml version='1.0'?><rss version='2.0'><channel><title>T</title>{items}</channel></rss>")
}

async fn answer(State((log, robots)): State<(Log, &'static str)>, uri: Uri) -> Response {
    let path = uri.path().to_owned();
    let times = {
        let mut log = log.lock().unwrap();
        log.push((path.clone(), Instant::now()));
        log.iter().filter(|(seen, _)| *seen == path).count()
    };
    let html = |text: String| ([(header::CONTENT_TYPE, "text/html")], text).into_response();
    match path.as_str() {
        "/robots.txt" if robots == "missing" => StatusCode::NOT_FOUND.into_response(),
        "/robots.txt" if robots == "broken" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "/robots.txt" => robots.into_response(),
        "/feed.xml" => {
            let names = [
                "b.html",
                "a.html",
                "gone.html",
                "private/x.html",
                "moved.html",
                "big.html",
                "gbk.html",
                "flaky.html",
            ];
            ([(header::CONTENT_TYPE, "application/rss+xml")], feed("", &names)).into_response()
        }
        "/gone.html" => StatusCode::NOT_FOUND.into_response(),
        "/moved.html" => Redirect::permanent("/new-place.html").into_response(),
        "/loop.html" => Redirect::permanent("/loop.html?again=1").into_response(),
        "/big.html" => html("x".repeat(300_000)),
        "/flaky.html" if times == 1 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        "/image.png" => ([(header::CONTENT_TYPE, "image/png")], "png").into_response(),
        "/gbk.html" => {
            let text = "<meta charset=gbk><article><p>小麦期货周一在芝加哥上涨，交易员报告海外需求强劲。</p></article>";
            ([(header::CONTENT_TYPE, "text/html")], encoding_rs::GBK.encode(text).0.into_owned())
                .into_response()
        }
        other => html(page(other.trim_matches('/').trim_end_matches(".html"))),
    }
}

fn paper(robots: &'static str) -> Paper {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let log = Log::default();
    let app = Router::new().fallback(answer).with_state((log.clone(), robots));
    runtime.spawn(async move { axum::serve(listener, app).await });
    Paper { base, log, _runtime: runtime }
}

fn config(start: &[String]) -> WebConfig {
    WebConfig {
        start: start.to_vec(),
        delay_ms: 0,
        backoff_ms: 10,
        per_host: 4,
        allow_private: true,
        max_body_bytes: 200_000,
        ..WebConfig::default()
    }
}

fn fetch(config: WebConfig) -> (Vec<Document>, Vec<String>) {
    let web = Web::new(config).unwrap();
    let (mut docs, mut bad) = (Vec::new(), Vec::new());
    for doc in web.documents().unwrap() {
        match doc {
            Ok(doc) => docs.push(doc),
            Err(Error::Bad { place, why, .. }) => {
                bad.push(format!("{}: {why}", place.rsplit_once(['/', ':']).unwrap().1));
            }
            Err(other) => panic!("{other}"),
        }
    }
    (docs, bad)
}

#[test]
fn a_feed_is_collected_in_its_order_whatever_the_number_of_connections() {
    let run = |concurrency| {
        let paper = paper(ROBOTS);
        let start = format!("{}/feed.xml", paper.base);
        let (docs, bad) = fetch(WebConfig { concurrency, label_from: "category".into(), ..config(&[start]) });
        let docs: Vec<_> = docs
            .into_iter()
            .map(|doc| {
                (doc.source.replace(&paper.base, ""), doc.label.unwrap(), doc.title, doc.published, doc.text)
            })
            .collect();
        (docs, bad)
    };
    let (docs, bad) = run(1);
    let paths: Vec<_> = docs.iter().map(|doc| doc.0.as_str()).collect();
    assert_eq!(paths, ["/b.html", "/a.html", "/moved.html", "/gbk.html", "/flaky.html"]);
    assert_eq!((docs[0].1.as_str(), docs[0].2.as_deref()), ("cat-b.html", Some("Feed b.html")));
    assert_eq!(docs[0].3.as_deref(), Some("1987-04-08T10:00:00Z"));
    assert!(docs[3].4.contains("海外需求强劲"), "{}", docs[3].4);
    assert_eq!(
        bad,
        ["gone.html: status 404", "x.html: disallowed by robots.txt", "big.html: larger than 200000 bytes"]
    );
    assert_eq!(run(4), (docs, bad));
}

#[test]
fn links_are_followed_to_a_depth_within_scope() {
    let paper = paper("missing");
    let start = format!("{}/front.html", paper.base);
    let (docs, _) = fetch(WebConfig {
        depth: 1,
        label_from: "meta:section".into(),
        ..config(std::slice::from_ref(&start))
    });
    let labels: Vec<_> = docs.iter().map(|doc| doc.label.as_deref().unwrap()).collect();
    assert_eq!(labels, ["s-front", "s-linked/front"]);
    let (docs, _) =
        fetch(WebConfig { depth: 1, scope: "/other/".into(), ..config(std::slice::from_ref(&start)) });
    assert_eq!(docs.len(), 1);
    let (docs, _) = fetch(WebConfig { depth: 9, max_pages: 3, ..config(&[start]) });
    assert_eq!(docs.len(), 3);
    assert!(docs[0].meta.contains_key("fetched") && docs[0].meta["status"] == "200");
}

#[test]
fn a_host_whose_robots_txt_is_broken_is_left_alone() {
    let paper = paper("broken");
    let (docs, bad) = fetch(config(&[format!("{}/a.html", paper.base)]));
    assert_eq!((docs.len(), bad), (0, vec!["a.html: robots.txt cannot be had: status 500".to_owned()]));
    assert_eq!(paper.log.lock().unwrap().iter().filter(|(path, _)| path == "/a.html").count(), 0);
}

#[test]
fn a_crawl_delay_and_our_own_keep_requests_apart() {
    let paper = paper("User-agent: biotope\nCrawl-delay: 0.05\n");
    let start: Vec<String> =
        ["a", "b", "c", "d"].iter().map(|name| format!("{}/{name}.html", paper.base)).collect();
    let (docs, _) = fetch(WebConfig { concurrency: 4, delay_ms: 10, ..config(&start) });
    assert_eq!(docs.len(), 4);
    let log = paper.log.lock().unwrap();
    let mut times: Vec<Instant> =
        log.iter().filter(|(path, _)| path != "/robots.txt").map(|(_, at)| *at).collect();
    times.sort();
    // Four turns are three delays; single gaps may shrink by what the first request took on its way.
    assert!(times[3].duration_since(times[0]).as_millis() >= 120, "{times:?}");
}

#[test]
fn private_addresses_are_refused_at_the_start_and_behind_a_redirect() {
    let paper = paper("missing");
    let start = vec![format!("{}/a.html", paper.base)];
    let (docs, bad) = fetch(WebConfig { allow_private: false, ..config(&start) });
    assert_eq!(
        (docs.len(), bad),
        (0, vec!["a.html: private address, set allow_private = true to fetch it".into()])
    );
    assert!(paper.log.lock().unwrap().is_empty());
    let (_, bad) = fetch(config(&[format!("{}/loop.html", paper.base), format!("{}/image.png", paper.base)]));
    assert_eq!(bad, ["loop.html: redirects lead in a circle", "image.png: type \"image/png\" is no page"]);
}

#[test]
fn collecting_keeps_pages_and_sets_the_rest_aside() {
    let paper = paper(ROBOTS);
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let web = Web::new(config(&[format!("{}/feed.xml", paper.base)])).unwrap();
    let report = collect(&web, &store, "news", &Silent).unwrap();
    assert_eq!((report.documents, report.set_aside, report.version), (5, 3, 0));
    let aside = Quarantine::read(&store.quarantine("news").unwrap()).unwrap();
    assert_eq!(aside[1].why, "disallowed by robots.txt");
    let raw = Dataset::open(store.raw("news").unwrap()).unwrap();
    assert!(raw.documents().unwrap().all(|doc| doc.unwrap().meta.contains_key("fetched")));
    // Fetched again, the pages are the same, and the time of fetching makes no new version.
    let again = collect(&web, &store, "news", &Silent).unwrap();
    assert_eq!((again.written, again.version, again.digest), (false, 0, report.digest));
}
