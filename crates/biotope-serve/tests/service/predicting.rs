//! `/predict` and `/classify`: shapes and errors.

use serde_json::json;

use crate::support::{start, told};

#[tokio::test]
async fn one_text_gives_a_list_and_several_a_list_of_lists() {
    let service = start().await;
    let (status, one) = service.post("/predict", json!({ "inputs": "wheat is up" })).await;
    let expected = json!([
        { "label": "grain", "score": 0.8 }, { "label": "crude", "score": 0.1 }, { "label": "体育", "score": 0.1 },
    ]);
    assert_eq!((status, &one), (200, &expected));
    let (_, chinese) = service.post("/predict", json!({ "inputs": "足球比赛今晚开始" })).await;
    assert_eq!(chinese[0]["label"], "体育");
    for inputs in [json!(["wheat", "oil price"]), json!([["wheat"], ["oil price"]])] {
        let (status, many) = service.post("/predict", json!({ "inputs": inputs, "truncate": true })).await;
        assert_eq!((status, many.as_array().unwrap().len()), (200, 2));
        assert_eq!((&many[0][0]["label"], &many[1][0]["label"]), (&json!("grain"), &json!("crude")));
    }
}

#[tokio::test]
async fn how_each_error_looks() {
    let service = start().await;
    let cases = [
        (json!({ "inputs": [] }), 400, "Empty", "there is no input"),
        (json!({ "inputs": 3 }), 422, "Validation", "request does not fit: \"inputs\" must be a string"),
        (json!({}), 422, "Validation", "request does not fit: missing field `inputs`"),
        (json!({ "inputs": [["a", "b"]] }), 422, "Validation", "input 0 has 2 texts, expected one"),
        (
            json!({ "inputs": vec!["a"; 33] }),
            422,
            "Validation",
            "33 inputs in a request, at most 32 are allowed",
        ),
        (json!({ "inputs": "x", "raw_scores": true }), 422, "Validation", "raw_scores is not offered"),
        (
            json!({ "inputs": ["wheat", "x"] }),
            422,
            "Refused",
            "input 1 was refused by limit-length: fewer than 3",
        ),
        (json!({ "inputs": "break!" }), 424, "Backend", "the model broke: prediction: told to"),
        (json!({ "inputs": "panic!" }), 424, "Backend", "the model broke: the model panicked"),
    ];
    for (body, status, kind, message) in cases {
        let (got, told) = service.post("/predict", body.clone()).await;
        assert_eq!((got, told["error_type"].as_str()), (status, Some(kind)), "{body}");
        let error = told["error"].as_str().unwrap();
        assert!(error.starts_with(message), "{body}: {error}");
    }
    let (status, _) = service.post("/predict", json!({ "inputs": "still alive" })).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn what_is_not_json_or_not_utf8_is_told_so() {
    let service = start().await;
    let (status, error) = told(service.send("/predict", "{\"inputs\": ").await).await;
    assert_eq!(status, 400);
    assert_eq!(error["error"], "request body is not JSON: EOF while parsing a value at line 1 column 11");
    let (status, error) = told(service.send("/predict", b"{\"inputs\": \"\xff\"}".to_vec()).await).await;
    assert_eq!(status, 400);
    assert_eq!(error["error"], "request body is not UTF-8: byte 12 is no character");
    let bare = service.client.post(format!("{}/predict", service.base)).body("{}").send().await.unwrap();
    let (status, error) = told(bare).await;
    assert_eq!(
        (status, error["error"].as_str().unwrap()),
        (415, "expected the header content-type: application/json")
    );
}

#[tokio::test]
async fn an_explanation_names_the_words() {
    let service = start().await;
    let (status, told) =
        service.post("/predict", json!({ "inputs": "the wheat price", "explain": true })).await;
    assert_eq!((status, told["explained"].as_str()), (200, Some("grain")));
    assert_eq!(told["words"][0]["word"], "wheat");
    assert!((told["words"][0]["weight"].as_f64().unwrap() - (0.8 - 1.0 / 3.0)).abs() < 1e-12);
    let (status, _) = service.post("/predict", json!({ "inputs": ["a b c"], "explain": true })).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn classify_takes_a_text_or_a_page_and_tells_what_was_read() {
    let service = start().await;
    let ask = json!({ "text": "oil falls", "title": "Markets", "explain": true, "label": "grain" });
    let (status, told) = service.post("/classify", ask).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["labels"][0]["label"], "crude");
    assert_eq!((&told["read"]["title"], &told["read"]["characters"]), (&json!("Markets"), &json!(9)));
    assert_eq!((&told["explained"], &told["words"][0]["word"]), (&json!("grain"), &json!("oil")));
    assert!(told["words"][0]["weight"].as_f64().unwrap() < 0.0);
    assert_eq!(told["model"], json!({ "name": "toy", "version": "3" }));
    assert_eq!(told["id"].as_str().unwrap().len(), 32);

    let (_, refused) = service.post("/classify", json!({ "html": "x" })).await;
    assert_eq!(refused["refused"], json!({ "step": "limit-length", "why": "fewer than 3 characters" }));
    let (status, error) = service.post("/classify", json!({ "text": "a", "url": "b" })).await;
    assert_eq!(
        (status, error["error"].as_str().unwrap()),
        (422, "give one of \"text\", \"html\" and \"url\"")
    );
    let (status, error) = service.post("/classify", json!({ "text": "abc", "label": "sport" })).await;
    assert_eq!(status, 422);
    assert_eq!(error["error"], "unknown label \"sport\"; known: crude, grain, 体育");
    let (status, error) = service.post("/classify", json!({ "txt": "abc" })).await;
    assert_eq!(status, 422);
    assert!(error["error"].as_str().unwrap().contains("unknown field `txt`"), "{error}");
}
