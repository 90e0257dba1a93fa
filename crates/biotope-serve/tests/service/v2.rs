//! The Open Inference Protocol, held against its specification.

use serde_json::{Value, json};

use crate::support::{start, told};

fn input(data: &Value, shape: &Value) -> Value {
    json!({ "inputs": [{ "name": "text", "shape": shape, "datatype": "BYTES", "data": data }] })
}

#[tokio::test]
async fn metadata_and_health() {
    let service = start().await;
    let get = async |path: &str| told(service.get(path).await).await;
    assert_eq!(
        get("/v2").await.1,
        json!({ "name": "biotope", "version": env!("CARGO_PKG_VERSION"), "extensions": [] })
    );
    assert_eq!(get("/v2/health/live").await, (200, json!({ "live": true })));
    assert_eq!(get("/v2/health/ready").await, (200, json!({ "ready": true })));
    assert_eq!(get("/v2/models/toy/ready").await, (200, json!({ "name": "toy", "ready": true })));
    assert_eq!(get("/v2/models/toy/versions/3/ready").await.0, 200);
    let (status, model) = get("/v2/models/toy").await;
    assert_eq!((status, &model["name"], &model["versions"]), (200, &json!("toy"), &json!(["3"])));
    assert_eq!(model["inputs"], json!([{ "name": "text", "datatype": "BYTES", "shape": [-1] }]));
    assert_eq!(model["outputs"][1]["shape"], json!([-1, 3]));
    assert_eq!(get("/v2/models/toy/versions/3").await.1, model);
}

#[tokio::test]
async fn inference_echoes_the_id_and_gives_row_major_tensors() {
    let service = start().await;
    let mut ask = input(&json!(["wheat", "足球赛"]), &json!([2]));
    ask["id"] = json!("42");
    let (status, told) = service.post("/v2/models/toy/infer", ask).await;
    assert_eq!(
        (status, told),
        (
            200,
            json!({
                "model_name": "toy", "model_version": "3", "id": "42",
                "outputs": [
                    { "name": "label", "shape": [2], "datatype": "BYTES", "data": ["grain", "体育"] },
                    { "name": "scores", "shape": [2, 3], "datatype": "FP64", "data": [0.1, 0.8, 0.1, 0.1, 0.1, 0.8] },
                ],
            })
        )
    );
    let mut nested = input(&json!([["oil"], ["oil"]]), &json!([2, 1]));
    nested["outputs"] = json!([{ "name": "label" }]);
    let (status, told) = service.post("/v2/models/toy/versions/3/infer", nested).await;
    assert_eq!((status, told["outputs"].as_array().unwrap().len(), told.get("id")), (200, 1, None));
    assert_eq!(told["outputs"][0]["data"], json!(["crude", "crude"]));
}

#[tokio::test]
async fn errors_are_one_sentence_under_one_key() {
    let service = start().await;
    let wrong_type =
        json!({ "inputs": [{ "name": "text", "shape": [1], "datatype": "INT32", "data": [1] }] });
    let other_name = json!({ "inputs": [{ "name": "x", "shape": [1], "datatype": "BYTES", "data": ["a"] }] });
    let mut other_output = input(&json!(["oil"]), &json!([1]));
    other_output["outputs"] = json!([{ "name": "logits" }]);
    let cases = [
        ("toy/infer", wrong_type, 400, "input \"text\" has datatype \"INT32\", expected BYTES"),
        ("toy/infer", other_name, 400, "expected one input with the name \"text\""),
        ("toy/infer", other_output, 400, "unknown output; there are label and scores"),
        (
            "toy/infer",
            input(&json!(["a", "b"]), &json!([3])),
            400,
            "input \"text\" has shape [3] and 2 elements",
        ),
        (
            "toy/infer",
            input(&json!([1]), &json!([1])),
            400,
            "input \"text\" has an element that is no string",
        ),
        ("toy/infer", input(&json!([]), &json!([0])), 400, "there is no input"),
        ("toy/infer", json!({}), 400, "request does not fit: missing field `inputs` at line 1 column 2"),
        (
            "toy/infer",
            input(&json!(["x"]), &json!([1])),
            422,
            "input 0 was refused by limit-length: fewer than 3 characters",
        ),
        ("toy/infer", input(&json!(["break!"]), &json!([1])), 424, "the model broke: prediction: told to"),
        ("other/infer", input(&json!(["oil"]), &json!([1])), 404, "unknown model; this service has \"toy\""),
        (
            "toy/versions/9/infer",
            input(&json!(["oil"]), &json!([1])),
            404,
            "unknown version of \"toy\"; this service has \"3\"",
        ),
    ];
    for (path, body, status, error) in cases {
        let got = service.post(&format!("/v2/models/{path}"), body.clone()).await;
        assert_eq!(got, (status, json!({ "error": error })), "{body}");
    }
    let (status, error) = told(service.get("/v2/models/toy/infer").await).await;
    assert_eq!((status, error), (405, json!({ "error": "this route takes another method" })));
    let (status, error) = told(service.get("/v2/nothing").await).await;
    assert_eq!((status, error.as_object().unwrap().len()), (404, 1));
}
