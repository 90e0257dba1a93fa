//! A hub and a web server on loopback, with every fault one can order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use tokio::sync::oneshot;

/// The commit of every revision.
pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// How the server treats one path. Counted faults wear off.
#[derive(Clone, Default)]
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: &'static str,
    /// Answer this status so many times first.
    pub(crate) fails: (u16, u32),
    /// Cut the next bodies after so many bytes each.
    pub(crate) cuts: Vec<usize>,
    /// Send the hub's clients elsewhere for the content.
    pub(crate) redirect: Option<String>,
    /// Wanted token.
    pub(crate) token: Option<&'static str>,
    /// Do not announce the size.
    pub(crate) no_length: bool,
}

/// One request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
}

#[derive(Clone, Default)]
struct Site {
    files: Arc<Mutex<BTreeMap<String, File>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A running server; it stops when dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    site: Site,
    stop: Option<oneshot::Sender<()>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let site = Site::default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new().fallback(answer).with_state(site.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    _ = stopped => {}
                    end = async { axum::serve(listener, router).await } => end.unwrap(),
                }
            });
        });
        Self { url, site, stop: Some(stop) }
    }

    pub(crate) fn put(&self, path: &str, file: File) -> &Self {
        self.site.files.lock().unwrap().insert(path.to_owned(), file);
        self
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.site.seen.lock().unwrap().clone()
    }

    /// Paths that were asked for with `GET`.
    pub(crate) fn gets(&self) -> Vec<String> {
        self.seen().into_iter().filter(|seen| seen.method == Method::GET).map(|seen| seen.path).collect()
    }

    /// Paths that were asked for, and whether a token came with them.
    pub(crate) fn tokens(&self) -> BTreeSet<(String, bool)> {
        let has = |seen: &Seen| seen.headers.contains_key(header::AUTHORIZATION);
        self.seen().iter().map(|seen| (seen.path.clone(), has(seen))).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
    }
}

async fn answer(State(site): State<Site>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let (method, headers) = (request.method().clone(), request.headers().clone());
    site.seen.lock().unwrap().push(Seen {
        method: method.clone(),
        path: path.clone(),
        headers: headers.clone(),
    });
    let mut files = site.files.lock().unwrap();
    let plain = |status: u16| Response::builder().status(status).body(Body::from("an answer")).unwrap();
    let Some(file) = files.get_mut(&path) else { return plain(404) };
    if file.fails.1 > 0 {
        file.fails.1 -= 1;
        return plain(file.fails.0);
    }
    if let Some(token) = file.token {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if given != Some(&format!("Bearer {token}")) {
            return plain(401);
        }
    }
    let mut response = Response::builder().header("x-repo-commit", COMMIT);
    if let Some(target) = &file.redirect {
        let linked = format!("\"{}\"", biotope_hub::Digest::of(&file.bytes));
        response = response.status(302).header(header::LOCATION, target);
        response = response.header("x-linked-size", file.bytes.len()).header("x-linked-etag", linked);
        return response.body(Body::from("elsewhere")).unwrap();
    }
    if !file.etag.is_empty() {
        response = response.header(header::ETAG, file.etag);
    }
    let start = wanted_range(&headers, file);
    if start > file.bytes.len() {
        return plain(416);
    }
    if start > 0 {
        let range = format!("bytes {start}-{}/{}", file.bytes.len() - 1, file.bytes.len());
        response = response.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, range);
    }
    let rest = file.bytes[start..].to_vec();
    if !file.no_length {
        response = response.header(header::CONTENT_LENGTH, rest.len());
    }
    if method == Method::HEAD {
        return response.body(Body::empty()).unwrap();
    }
    let cut = if file.cuts.is_empty() { None } else { Some(file.cuts.remove(0)) };
    response.body(body(rest, cut)).unwrap()
}

fn wanted_range(headers: &HeaderMap, file: &File) -> usize {
    let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    if text(header::IF_RANGE).is_some_and(|tag| tag != file.etag) {
        return 0;
    }
    let range =
        text(header::RANGE).and_then(|range| range.strip_prefix("bytes=")?.split('-').next()?.parse().ok());
    range.unwrap_or(0)
}

/// The bytes in small pieces; after `cut` of them the connection breaks.
fn body(bytes: Vec<u8>, cut: Option<usize>) -> Body {
    let end = cut.unwrap_or(bytes.len()).min(bytes.len());
    let (send, receive) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    tokio::spawn(async move {
        for piece in bytes[..end].chunks(8192) {
            if send.send(Ok(piece.to_vec())).await.is_err() {
                return;
            }
            // The piece must leave before the connection is broken behind it.
            tokio::task::yield_now().await;
        }
        if cut.is_some() {
            let _ = send.send(Err(std::io::ErrorKind::ConnectionReset.into())).await;
        }
    });
    Body::from_stream(Pieces(receive))
}

struct Pieces(tokio::sync::mpsc::Receiver<Result<Vec<u8>, std::io::Error>>);

impl futures_core::Stream for Pieces {
    type Item = Result<Vec<u8>, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}
