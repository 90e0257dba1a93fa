//! The page for editors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::support::start;

#[tokio::test]
async fn the_page_is_whole_and_its_policy_lets_only_it_run() {
    let service = start().await;
    let answer = service.get("/").await;
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let html = answer.text().await.unwrap();
    for (open, close) in [("<script>", "</script>"), ("<style>", "</style>")] {
        let inner = html.split_once(open).unwrap().1.split_once(close).unwrap().0;
        assert!(inner.len() > 1000);
        let hash = format!("'sha256-{}'", STANDARD.encode(Sha256::digest(inner)));
        assert!(policy.contains(&hash), "{policy}");
    }
    assert!(policy.starts_with("default-src 'none'"));
    assert!(!policy.contains("unsafe"));
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        let found = html.match_indices(outside).map(|(at, _)| &html[at..(at + 30).min(html.len())]);
        assert_eq!(found.collect::<Vec<_>>(), [""; 0], "nothing is loaded from elsewhere");
    }
    assert!(html.contains("lang=\"en\"") && html.contains("粘贴文本"));
}

#[tokio::test]
async fn a_browser_that_asks_for_an_icon_gets_no_error() {
    assert_eq!(start().await.get("/favicon.ico").await.status(), 204);
}
