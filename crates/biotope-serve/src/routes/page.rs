//! `GET /`: one page for editors, whole in itself: no font, script or image from elsewhere.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::App;

const HTML: &str = include_str!("../page/page.html");
const STYLE: &str = include_str!("../page/page.css");
const SCRIPT: &str = include_str!("../page/page.js");

/// The page and the policy that lets exactly its own style and script through.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    html: String,
    policy: HeaderValue,
}

impl Page {
    pub(crate) fn new() -> Self {
        let html = HTML.replace("/* page.css */", STYLE).replace("/* page.js */", SCRIPT);
        let policy = format!(
            "default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'",
            hash(STYLE),
            hash(SCRIPT)
        );
        let policy = HeaderValue::try_from(policy).expect("base64 is ASCII");
        Self { html, policy }
    }
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

pub(super) async fn page(State(app): State<Arc<App>>) -> impl IntoResponse {
    let headers = [(header::CONTENT_SECURITY_POLICY, app.page.policy.clone())];
    (headers, Html(app.page.html.clone()))
}
