//! `/classify` by URL, against a web server of our own on loopback.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::Redirect;
use axum::routing::get;
use biotope_serve::ServeConfig;
use serde_json::{Value, json};

use crate::support::{Service, Toy, signature, start_with};

/// A small site; gives its port.
async fn site() -> u16 {
    let gbk = [(header::CONTENT_TYPE, "text/html; charset=gbk")];
    let routes = Router::new()
        .route("/page", get(|| async { ([(header::CONTENT_TYPE, "text/html")], "<p>wheat exports</p>") }))
        .route(
            "/gbk",
            get(move || async move { (gbk, encoding_rs::GBK.encode("<p>足球比赛</p>").0.into_owned()) }),
        )
        .route("/moved", get(|| async { Redirect::temporary("/page") }))
        .route("/round", get(|| async { Redirect::temporary("/round") }))
        .route("/away", get(|| async { Redirect::temporary("http://169.254.169.254/latest/meta-data") }))
        .route("/file", get(|| async { Redirect::temporary("file:///etc/passwd") }))
        .route("/large", get(|| async { ([(header::CONTENT_TYPE, "text/html")], "a".repeat(300_000)) }))
        .route("/picture", get(|| async { ([(header::CONTENT_TYPE, "image/png")], "") }))
        .route("/gone", get(|| async { StatusCode::GONE }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    port
}

async fn service(private_hosts: &[&str]) -> Service {
    let private_hosts = private_hosts.iter().map(ToString::to_string).collect();
    let config = ServeConfig { private_hosts, max_fetch_bytes: 200_000, ..ServeConfig::default() };
    start_with(config, Arc::new(Toy(signature()))).await
}

async fn ask(service: &Service, url: impl Into<String>) -> (u16, Value) {
    service.post("/classify", json!({ "url": url.into() })).await
}

#[tokio::test]
async fn a_page_is_fetched_decoded_and_named_by_where_it_was_found() {
    let (service, port) = (service(&["127.0.0.1"]).await, site().await);
    let (status, told) = ask(&service, format!("http://127.0.0.1:{port}/moved")).await;
    assert_eq!((status, told["labels"][0]["label"].as_str()), (200, Some("grain")), "{told}");
    assert_eq!(told["source"], format!("http://127.0.0.1:{port}/page"));
    let (_, told) = ask(&service, format!("http://127.0.0.1:{port}/gbk")).await;
    assert_eq!(told["labels"][0]["label"], "体育", "{told}");
}

#[tokio::test]
async fn private_addresses_are_refused_by_name_number_and_redirect() {
    let (strict, port) = (service(&[]).await, site().await);
    for url in [
        format!("http://127.0.0.1:{port}/page"),
        format!("http://localhost:{port}/page"),
        format!("http://[::1]:{port}/page"),
        format!("http://[::ffff:127.0.0.1]:{port}/page"),
        format!("http://2130706433:{port}/page"),
        format!("http://0x7f.1:{port}/page"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://10.0.0.1/".to_owned(),
    ] {
        let (status, error) = ask(&strict, &url).await;
        assert_eq!(
            (status, error["error"].as_str()),
            (403, Some("the URL leads to a private address")),
            "{url}"
        );
    }
    let lenient = service(&["127.0.0.1"]).await;
    let (status, error) = ask(&lenient, format!("http://127.0.0.1:{port}/away")).await;
    assert_eq!((status, error["error"].as_str()), (403, Some("the URL leads to a private address")));
    let (status, error) = ask(&lenient, format!("http://localhost:{port}/page")).await;
    assert_eq!(status, 403, "another name for the same address is another name: {error}");
}

#[tokio::test]
async fn how_each_refusal_looks() {
    let (service, port) = (service(&["127.0.0.1"]).await, site().await);
    let cases = [
        ("/round", "the page cannot be fetched: more than 5 redirects"),
        ("/file", "only http and https pages are fetched"),
        ("/large", "the page is larger than 200000 bytes"),
        ("/picture", "it is image/png, not a page of text"),
        ("/gone", "the page cannot be fetched: it answered 410 Gone"),
    ];
    for (path, message) in cases {
        let (status, error) = ask(&service, format!("http://127.0.0.1:{port}{path}")).await;
        assert_eq!((status, error["error"].as_str()), (422, Some(message)), "{path}");
    }
    let (status, error) = ask(&service, "nonsense").await;
    assert_eq!((status, error["error"].as_str()), (422, Some("not a URL: relative URL without a base")));
    let (status, error) = ask(&service, "http://127.0.0.1:1/").await;
    assert_eq!(status, 422);
    assert!(error["error"].as_str().unwrap().contains("refused"), "{error}");
}

#[tokio::test]
async fn fetching_can_be_switched_off() {
    let config = ServeConfig { allow_fetch: false, ..ServeConfig::default() };
    let service = start_with(config, Arc::new(Toy(signature()))).await;
    let (status, error) = ask(&service, "http://127.0.0.1/").await;
    assert_eq!(
        (status, error["error"].as_str()),
        (403, Some("this service does not fetch pages; send the text itself"))
    );
}
