//! Starting and stopping.

use std::sync::Arc;

use biotope_serve::{App, Drained, Info, ServeConfig, bind, router};
use serde_json::json;
use tower::ServiceExt;

use crate::support::{Gate, Service, Toy, signature, start, start_with, wait};

#[tokio::test]
async fn a_port_in_use_is_told_with_advice() {
    let listener = bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let error = bind(&addr).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot listen on {addr}: Address")), "{error}");
    let port = addr.rsplit(':').next().unwrap();
    assert_eq!(
        error.hint().unwrap(),
        format!(
            "another program listens on port {port}: stop it, or take another port; 127.0.0.1:0 takes a free one"
        )
    );
    let error = bind("nonsense").await.unwrap_err();
    assert_eq!(error.hint().unwrap(), "an address is written as 127.0.0.1:8080 or [::1]:8080");
}

#[tokio::test]
async fn a_request_in_flight_is_answered_and_then_nobody_listens() {
    let (gate, entered, open) = Gate::new();
    let Service { base, client, stop, done } = start_with(ServeConfig::default(), gate).await;
    let url = format!("{base}/predict");
    let ask = client.post(&url).json(&json!({ "inputs": "wheat" })).send();
    let asked = tokio::spawn(ask);
    let _entered = wait(entered).await;
    stop.send(()).unwrap();
    while tokio::net::TcpStream::connect(base.trim_start_matches("http://")).await.is_ok() {
        tokio::task::yield_now().await;
    }
    drop(open);
    assert_eq!(asked.await.unwrap().unwrap().status(), 200);
    assert_eq!(done.await.unwrap().unwrap(), Drained { cut: 0 });
}

#[tokio::test]
async fn after_the_grace_connections_are_cut() {
    let (gate, entered, open) = Gate::new();
    let config = ServeConfig { grace_seconds: 0, ..ServeConfig::default() };
    let Service { base, client, stop, done } = start_with(config, gate).await;
    let asked =
        tokio::spawn(client.post(format!("{base}/predict")).json(&json!({ "inputs": "wheat" })).send());
    let _entered = wait(entered).await;
    stop.send(()).unwrap();
    assert_eq!(done.await.unwrap().unwrap(), Drained { cut: 1 });
    assert!(asked.await.unwrap().is_err());
    drop(open);
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_the_service() {
    let service = start().await;
    assert_eq!(service.get("/health").await.status(), 200);
    service.stop.send(()).unwrap();
    assert_eq!(service.done.await.unwrap().unwrap(), Drained { cut: 0 });
}

#[tokio::test]
async fn health_says_no_while_the_service_goes_down() {
    let toy = Arc::new(Toy(signature()));
    let app = App::new(toy, Info::of(&signature()), ServeConfig::default()).unwrap();
    let routes = router(Arc::clone(&app));
    let status = |path: &'static str| {
        let request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
        let answer = routes.clone().oneshot(request);
        async { answer.await.unwrap().status().as_u16() }
    };
    assert_eq!((status("/health").await, status("/v2/health/ready").await), (200, 200));
    app.close();
    assert_eq!((status("/health").await, status("/v2/health/ready").await), (503, 503));
    assert_eq!(status("/v2/health/live").await, 200);
}
