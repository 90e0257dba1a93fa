//! `/health`, `/info`, `/metrics`, headers, routes that are not there.

use serde_json::{Value, json};

use crate::support::{start, told};

#[tokio::test]
async fn info_has_the_shape_of_text_embeddings_inference() {
    let service = start().await;
    let info: Value = service.get("/info").await.json().await.unwrap();
    assert_eq!(
        (&info["model_id"], &info["model_sha"], &info["model_dtype"]),
        (&json!("toy"), &Value::Null, &json!("float32"))
    );
    assert_eq!(
        info["model_type"]["classifier"]["id2label"],
        json!({ "0": "crude", "1": "grain", "2": "体育" })
    );
    assert_eq!(info["model_type"]["classifier"]["label2id"]["体育"], 2);
    assert_eq!((&info["max_input_length"], &info["max_concurrent_requests"]), (&json!(128), &json!(512)));
    assert_eq!((&info["max_batch_tokens"], &info["max_client_batch_size"]), (&json!(16384), &json!(32)));
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn metrics_parse_and_count() {
    let service = start().await;
    for text in ["wheat", "wheat again", "oil", "x"] {
        service.post("/predict", json!({ "inputs": text })).await;
    }
    service.get("/secret/../../etc/passwd").await;
    let text = service.get("/metrics").await.text().await.unwrap();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("biotope_"), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert_eq!(name.contains('{'), name.ends_with('}'), "{line}");
    }
    let has = |line: &str| assert!(text.lines().any(|got| got == line), "{line} is not in\n{text}");
    has("biotope_requests_total{route=\"/predict\",method=\"POST\",status=\"200\"} 3");
    has("biotope_requests_total{route=\"/predict\",method=\"POST\",status=\"422\"} 1");
    has("biotope_requests_total{route=\"none\",method=\"GET\",status=\"404\"} 1");
    has("biotope_predictions_total{label=\"grain\"} 2");
    has("biotope_refused_total{step=\"limit-length\"} 1");
    has("biotope_batch_documents_count 4");
    has("biotope_request_seconds_count{route=\"/predict\"} 4");
    has("biotope_queue_depth 0");
    has("biotope_model_info{name=\"toy\",version=\"3\",model=\"keywords\"} 1");
    assert!(text.contains("biotope_request_seconds_bucket{route=\"/predict\",le=\"0.01\"}"), "{text}");
    assert!(text.contains("# TYPE biotope_request_seconds histogram"), "{text}");
}

#[tokio::test]
async fn every_answer_bears_an_id_and_the_headers_that_protect() {
    let service = start().await;
    let answer = service
        .client
        .get(format!("{}/health", service.base))
        .header("x-request-id", "abc-1")
        .send()
        .await
        .unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-request-id"), "abc-1");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(header("cache-control"), "no-store");
    let odd = service
        .client
        .get(format!("{}/health", service.base))
        .header("x-request-id", "a b\"c")
        .send()
        .await
        .unwrap();
    assert!(odd.headers()["x-request-id"].to_str().unwrap().parse::<usize>().is_ok());
}

#[tokio::test]
async fn what_is_not_there_is_told_in_json() {
    let service = start().await;
    let (status, error) = told(service.get("/nothing").await).await;
    assert_eq!((status, error["error_type"].as_str()), (404, Some("NotFound")));
    assert!(error["error"].as_str().unwrap().starts_with("nothing is at /nothing; there are "), "{error}");
    let (status, error) = told(service.get("/predict").await).await;
    assert_eq!((status, error["error"].as_str()), (405, Some("this route takes another method")));
}
