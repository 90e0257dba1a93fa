//! Limits: each is hit here, and the answer says which.

use std::sync::Arc;

use biotope_serve::ServeConfig;
use serde_json::json;

use crate::support::{Gate, Toy, signature, start, start_with, told, wait};

#[tokio::test]
async fn a_text_of_ten_megabytes_is_too_large_and_the_client_hears_it() {
    let service = start().await;
    let (status, error) =
        service.post("/predict", json!({ "inputs": "wheat ".repeat((10 << 20) / 6) })).await;
    assert_eq!((status, error["error_type"].as_str()), (413, Some("Validation")));
    assert_eq!(error["error"], "request body is larger than 4194304 bytes");
}

#[tokio::test]
async fn ten_megabytes_are_read_where_they_are_allowed() {
    let config = ServeConfig { max_body_bytes: 32 << 20, ..ServeConfig::default() };
    let service = start_with(config, Arc::new(Toy(signature()))).await;
    let text = "小麦 wheat ".repeat(800_000);
    assert!(text.len() > 10_000_000);
    let (status, told) = service.post("/classify", json!({ "text": text, "explain": true })).await;
    assert_eq!((status, told["labels"][0]["label"].as_str()), (200, Some("grain")));
    assert_eq!(told["read"]["text"].as_str().unwrap().chars().count(), 6000);
}

#[tokio::test]
async fn a_full_queue_is_429_with_advice_and_nobody_in_it_is_lost() {
    let (gate, entered, open) = Gate::new();
    let config = ServeConfig { max_queue: 2, max_batch: 1, ..ServeConfig::default() };
    let service = Arc::new(start_with(config, gate).await);
    let ask = || {
        let service = Arc::clone(&service);
        tokio::spawn(async move { service.post("/predict", json!({ "inputs": "wheat" })).await })
    };
    let first = ask();
    let (_, entered) = wait(entered).await;
    let waiting = [ask(), ask()];
    while !service.get("/metrics").await.text().await.unwrap().contains("biotope_queue_depth 2") {
        tokio::task::yield_now().await;
    }
    let full = service.send("/predict", json!({ "inputs": "wheat" }).to_string()).await;
    assert_eq!(
        (full.status(), &full.headers()["retry-after"]),
        (reqwest::StatusCode::TOO_MANY_REQUESTS, &"1".parse().unwrap())
    );
    let (_, error) = told(full).await;
    assert_eq!(error, json!({ "error": "2 requests wait already, try again", "error_type": "Overloaded" }));
    drop(open);
    for answer in [first].into_iter().chain(waiting) {
        assert_eq!(answer.await.unwrap().0, 200);
    }
    drop(entered);
}

#[tokio::test]
async fn requests_at_a_time_are_bounded() {
    let (gate, entered, open) = Gate::new();
    let config = ServeConfig { max_concurrent: 1, ..ServeConfig::default() };
    let service = Arc::new(start_with(config, gate).await);
    let first = tokio::spawn({
        let service = Arc::clone(&service);
        async move { service.post("/predict", json!({ "inputs": "wheat" })).await }
    });
    let _entered = wait(entered).await;
    let (status, error) = service.post("/predict", json!({ "inputs": "wheat" })).await;
    assert_eq!((status, error["error"].as_str()), (429, Some("1 requests at a time, no more")));
    assert_eq!(service.get("/health").await.status(), 200, "health does not wait behind the model");
    drop(open);
    assert_eq!(first.await.unwrap().0, 200);
}

#[tokio::test]
async fn what_arrives_while_the_model_is_busy_becomes_one_batch() {
    let (gate, entered, open) = Gate::new();
    let service = Arc::new(start_with(ServeConfig::default(), gate).await);
    let ask = |inputs: serde_json::Value| {
        let service = Arc::clone(&service);
        tokio::spawn(async move { service.post("/predict", json!({ "inputs": inputs })).await })
    };
    let first = ask(json!("wheat"));
    let (count, entered) = wait(entered).await;
    assert_eq!(count, 1);
    let waiting = [ask(json!(["oil", "wheat"])), ask(json!("oil")), ask(json!("足球赛"))];
    while !service.get("/metrics").await.text().await.unwrap().contains("biotope_queue_depth 3") {
        tokio::task::yield_now().await;
    }
    open.send(()).unwrap();
    let (count, _entered) = wait(entered).await;
    assert_eq!(count, 4, "three requests, four documents, one batch");
    drop(open);
    assert_eq!(first.await.unwrap().1[0]["label"], "grain");
    let [two, oil, football] = waiting;
    let two = two.await.unwrap().1;
    assert_eq!((&two[0][0]["label"], &two[1][0]["label"]), (&json!("crude"), &json!("grain")));
    assert_eq!(oil.await.unwrap().1[0]["label"], "crude");
    assert_eq!(football.await.unwrap().1[0]["label"], "体育");
}

#[tokio::test]
async fn a_poisonous_text_does_not_spoil_the_batch_of_others() {
    let (gate, entered, open) = Gate::new();
    let service = Arc::new(start_with(ServeConfig::default(), gate).await);
    let ask = |text: &'static str| {
        let service = Arc::clone(&service);
        tokio::spawn(async move { service.post("/predict", json!({ "inputs": text })).await })
    };
    let first = ask("wheat");
    let (_, _entered) = wait(entered).await;
    let (bad, good) = (ask("panic!"), ask("wheat"));
    while !service.get("/metrics").await.text().await.unwrap().contains("biotope_queue_depth 2") {
        tokio::task::yield_now().await;
    }
    drop(open);
    assert_eq!(first.await.unwrap().0, 200);
    assert_eq!((bad.await.unwrap().0, good.await.unwrap().0), (424, 200));
}

#[tokio::test]
async fn a_batch_waits_for_others_if_told_to() {
    let (gate, entered, open) = Gate::new();
    let config = ServeConfig { batch_wait_ms: 20_000, max_batch: 2, ..ServeConfig::default() };
    let service = Arc::new(start_with(config, gate).await);
    drop(open);
    let asks = ["wheat", "oil"].map(|text| {
        let service = Arc::clone(&service);
        tokio::spawn(async move { service.post("/predict", json!({ "inputs": text })).await })
    });
    let (count, _) = wait(entered).await;
    assert_eq!(count, 2);
    for ask in asks {
        assert_eq!(ask.await.unwrap().0, 200);
    }
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_503() {
    let (gate, _entered, open) = Gate::new();
    let config = ServeConfig { request_seconds: 1, ..ServeConfig::default() };
    let service = start_with(config, gate).await;
    let (status, error) = service.post("/predict", json!({ "inputs": "wheat" })).await;
    assert_eq!((status, error["error"].as_str()), (503, Some("no answer within 1 seconds")));
    assert_eq!(error["error_type"], "Timeout");
    drop(open);
}

#[tokio::test]
async fn a_wrong_limit_is_refused_at_the_door() {
    let config = ServeConfig { max_batch: 0, ..ServeConfig::default() };
    let service = start_with(config, Arc::new(Toy(signature()))).await;
    let error = service.done.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "invalid max_batch: must be positive, got 0");
}
