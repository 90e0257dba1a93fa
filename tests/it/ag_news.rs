//! The AG News recipe against a small dataset in the same layout, from a server that speaks the hub's protocol.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use biotope::hub::{Hub, HubConfig};
use biotope::stages::{self, Stage};
use biotope::{House, Recipe};
use parquet::arrow::ArrowWriter;

/// The commit that the table of assets names.
const COMMIT: &str = "eb185aade064a813bc0b7f42de02595523103ca4";
const LABELS: [&str; 4] = ["World", "Sports", "Business", "Sci/Tech"];

type Files = Arc<BTreeMap<String, Vec<u8>>>;

/// Rows from `first` on: `text` and a `label` from 0, as the hub has them.
fn rows(first: usize, count: usize) -> Vec<u8> {
    let words = [
        "minister talks treaty border",
        "striker goal league coach",
        "profit shares bank merger",
        "chip software orbit browser",
    ];
    let text = |n: usize| {
        let (a, b) = (n * 7919 % 10_007, n * 104_729 % 9_973);
        format!("{} in report {a}, said the {b} who saw {} of it", words[n % 4], n * 31 % 997)
    };
    let texts: Vec<String> = (first..first + count).map(text).collect();
    let labels: Vec<i64> = (first..first + count).map(|n| (n % 4) as i64).collect();
    let columns: [(&str, ArrayRef); 2] =
        [("text", Arc::new(StringArray::from(texts))), ("label", Arc::new(Int64Array::from(labels)))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

async fn answer(State(files): State<Files>, request: Request) -> Response {
    match files.get(request.uri().path()) {
        Some(bytes) => {
            let etag = format!("\"{}\"", bytes.len());
            ([("x-repo-commit", COMMIT.to_owned()), (header::ETAG.as_str(), etag)], bytes.clone())
                .into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[test]
fn the_recipe_fetches_both_files_at_their_commit_and_learns_the_four_sections() {
    let path =
        |split| format!("/datasets/fancyzhx/ag_news/resolve/{COMMIT}/data/{split}-00000-of-00001.parquet");
    let files = Files::new([(path("train"), rows(0, 400)), (path("test"), rows(5_000, 80))].into());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = Router::new().fallback(answer).with_state(files);
    runtime.spawn(async move { axum::serve(listener, server).await });

    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::new(HubConfig { endpoint, ..HubConfig::new(folder.path().join("cache")) });
    let house = House { hub, ..House::open(folder.path().join("store")).unwrap() };
    let recipe = Recipe::open("ag-news", &["evaluate.resamples=100".into()]).unwrap();
    for stage in Stage::ALL {
        stages::run(&house, &recipe, stage).unwrap_or_else(|error| panic!("{}: {error}", stage.name()));
    }
    let bundle = stages::predict::open(&house, "ag-news").unwrap();
    let evaluation = bundle.evaluation().unwrap();
    assert_eq!(evaluation.rows, 80, "the published test split is whole");
    assert!(evaluation.value("accuracy").unwrap() > 0.95, "{:?}", evaluation.metrics);
    let mut labels = LABELS;
    labels.sort_unstable();
    assert_eq!(biotope::bundle::Predictor::signature(&bundle).labels(), labels);
}
