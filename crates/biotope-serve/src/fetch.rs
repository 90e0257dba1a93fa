//! Fetching a page by its URL: only public addresses, bounded in bytes, time and redirects.

mod guard;

use std::time::Duration;

use axum::http::{StatusCode, header};
use biotope_bundle::decode;
use biotope_core::Document;
use reqwest::{Client, Response, redirect};
use tokio::sync::Semaphore;
use url::{Host, Url};

use crate::reply::{ApiError, ErrorType, Reply};
use crate::{Error, Result, ServeConfig};
use guard::{Guard, Refused};

const REDIRECTS: usize = 5;
const AGENT: &str = concat!("biotope-serve/", env!("CARGO_PKG_VERSION"));

/// Fetches pages within limits.
#[derive(Debug)]
pub(crate) struct Fetcher {
    client: Client,
    guard: Guard,
    places: Semaphore,
    allowed: bool,
    max_bytes: usize,
    limit: Duration,
}

impl Fetcher {
    pub(crate) fn new(config: &ServeConfig) -> Result<Self> {
        let guard = Guard::new(&config.private_hosts);
        // No proxy: it would resolve the name itself, behind the guard's back.
        let client = Client::builder()
            .user_agent(AGENT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(guard.clone())
            .connect_timeout(Duration::from_secs(5));
        Ok(Self {
            client: client.build().map_err(|error| Error::Client(error.to_string()))?,
            guard,
            places: Semaphore::new(config.max_fetches),
            allowed: config.allow_fetch,
            max_bytes: config.max_fetch_bytes,
            limit: Duration::from_secs(config.fetch_seconds),
        })
    }

    /// The page behind a URL as a document, named by where it was found in the end.
    pub(crate) async fn page(&self, url: &str) -> Reply<Document> {
        if !self.allowed {
            let message = "this service does not fetch pages; send the text itself";
            return Err(ApiError::new(StatusCode::FORBIDDEN, ErrorType::Validation, message));
        }
        let url =
            Url::parse(url.trim()).map_err(|error| ApiError::unusable(format!("not a URL: {error}")))?;
        let busy = |_| ApiError::overloaded("too many pages are being fetched, try again");
        let _place = self.places.try_acquire().map_err(busy)?;
        let late = |_| unreachable_page(&format!("no answer within {} seconds", self.limit.as_secs()));
        tokio::time::timeout(self.limit, self.follow(url)).await.map_err(late)?
    }

    async fn follow(&self, mut url: Url) -> Reply<Document> {
        for _ in 0..=REDIRECTS {
            self.check(&url)?;
            let response = self.client.get(url.clone()).send().await.map_err(|error| explain(&error))?;
            match redirected(&url, &response)? {
                Some(next) => url = next,
                None => return self.read(&url, response).await,
            }
        }
        Err(unreachable_page(&format!("more than {REDIRECTS} redirects")))
    }

    /// Scheme and literal addresses; names are judged by the address they resolve to, at connecting.
    fn check(&self, url: &Url) -> Reply<()> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ApiError::unusable("only http and https pages are fetched"));
        }
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some((ip.to_string(), ip.into())),
            Some(Host::Ipv6(ip)) => Some((ip.to_string(), ip.into())),
            Some(Host::Domain(_)) => None,
            None => return Err(ApiError::unusable("the URL names no host")),
        };
        match literal {
            Some((host, ip)) if !self.guard.lets(&host, ip) => Err(private()),
            _ => Ok(()),
        }
    }

    async fn read(&self, url: &Url, mut response: Response) -> Reply<Document> {
        let status = response.status();
        if !status.is_success() {
            return Err(unreachable_page(&format!("it answered {status}")));
        }
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or("text/html").to_ascii_lowercase();
        let essence = kind.split(';').next().unwrap_or_default().trim().to_owned();
        if !matches!(essence.as_str(), "text/html" | "application/xhtml+xml" | "text/plain") {
            return Err(ApiError::unusable(format!("it is {essence}, not a page of text")));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| explain(&error))? {
            if bytes.len() + chunk.len() > self.max_bytes {
                return Err(ApiError::unusable(format!("the page is larger than {} bytes", self.max_bytes)));
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = decode(&bytes, Some(&kind)).0;
        Ok(if essence == "text/plain" {
            Document::new(url.as_str(), text)
        } else {
            Document::page(url.as_str(), text)
        })
    }
}

/// Where a redirect leads to.
fn redirected(from: &Url, response: &Response) -> Reply<Option<Url>> {
    let place = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    match place {
        Some(place) if response.status().is_redirection() => {
            let next = from.join(place).map_err(|_| unreachable_page("it redirects to what is no URL"))?;
            Ok(Some(next))
        }
        _ => Ok(None),
    }
}

fn unreachable_page(why: &str) -> ApiError {
    ApiError::unusable(format!("the page cannot be fetched: {why}"))
}

fn private() -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, ErrorType::Validation, "the URL leads to a private address")
}

/// The innermost cause, in a sentence; a private address is told apart.
fn explain(error: &reqwest::Error) -> ApiError {
    let mut cause: &dyn std::error::Error = error;
    loop {
        if cause.is::<Refused>() {
            return private();
        }
        match cause.source() {
            Some(inner) => cause = inner,
            None => return unreachable_page(&cause.to_string()),
        }
    }
}
