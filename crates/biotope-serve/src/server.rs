//! Listening, and stopping without dropping anybody.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use biotope_bundle::Predictor;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::{App, Error, Info, Result, ServeConfig, router};

/// How long a connection may take to send the head of a request.
const HEAD: Duration = Duration::from_secs(15);

/// How often the meters are folded.
const UPKEEP: Duration = Duration::from_secs(5);

/// How a service ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were cut because they did not finish within `grace_seconds`.
    pub cut: usize,
}

/// A listener on `host:port`; port 0 takes a free one. A port in use is an error with advice.
pub async fn bind(addr: &str) -> Result<TcpListener> {
    TcpListener::bind(addr).await.map_err(|cause| Error::Bind { addr: addr.to_owned(), cause })
}

/// Serves until `shutdown` resolves: then says so on `/health` for `drain_seconds`, stops accepting, lets
/// requests in flight finish for `grace_seconds`, and returns.
pub async fn serve(
    predictor: Arc<dyn Predictor>,
    info: Info,
    config: ServeConfig,
    listener: TcpListener,
    shutdown: impl Future,
) -> Result<Drained> {
    let app = App::new(predictor, info, config)?;
    let grace = Duration::from_secs(app.config.grace_seconds);
    let places = Arc::new(Semaphore::new(app.config.max_connections));
    let (closing, closed) = watch::channel(false);
    let mut connections = JoinSet::new();
    let routes = router(Arc::clone(&app));
    let address = listener.local_addr().map_err(Error::Listener)?;
    tracing::info!(%address, model = app.info.model_id, "serving");

    let mut over = pin!(over(shutdown, &app));
    let mut upkeep = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            biased;
            () = &mut over => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            _ = upkeep.tick() => app.telemetry.upkeep(),
            (stream, place) = accept(&listener, &places) => {
                connections.spawn(connection(stream, place, routes.clone(), closed.clone()));
            }
        }
    }
    drop(listener);
    closing.send_replace(true);
    Ok(drain(connections, grace).await)
}

async fn over(shutdown: impl Future, app: &App) {
    shutdown.await;
    app.close();
    tracing::info!(in_flight = app.in_flight.load(std::sync::atomic::Ordering::Relaxed), "shutting down");
    tokio::time::sleep(Duration::from_secs(app.config.drain_seconds)).await;
}

/// The next connection, once there is a place for it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    let place = Arc::clone(places).acquire_owned().await.expect("nobody closes the semaphore");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) => pause(&error).await,
        }
    }
}

/// A connection that was gone before it was accepted is nothing; no file handles left is worth a wait.
async fn pause(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "cannot accept");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn connection(
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
    routes: Router,
    mut closed: watch::Receiver<bool>,
) {
    let _best_effort = stream.set_nodelay(true);
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    builder.http2().timer(TokioTimer::new());
    let service = TowerToHyperService::new(
        routes.map_request(|request: axum::http::Request<_>| request.map(Body::new)),
    );
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let result = tokio::select! {
        result = &mut serving => result,
        () = told(&mut closed) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(error, "connection ended");
    }
}

async fn told(closed: &mut watch::Receiver<bool>) {
    let _also_when_gone = closed.wait_for(|closed| *closed).await;
}

async fn drain(mut connections: JoinSet<()>, grace: Duration) -> Drained {
    let all = async { while connections.join_next().await.is_some() {} };
    let in_time = tokio::time::timeout(grace, all).await.is_ok();
    let cut = if in_time { 0 } else { connections.len() };
    connections.shutdown().await;
    tracing::info!(cut, "stopped");
    Drained { cut }
}
