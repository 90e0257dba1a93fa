//! One question and its answer: time and size limited, conditional, redirects left to the caller so that each hop is checked.

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, ClientBuilder, Response};
use reqwest::header::{
    CONTENT_TYPE, ETAG, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, RETRY_AFTER,
};
use reqwest::redirect::Policy;
use url::Url;

use super::WebConfig;
use super::address::{PublicOnly, is_loopback};
use super::journal::Head;
use crate::{Error, Result};

/// What a server said.
pub(crate) enum Reply {
    Page(Head, Vec<u8>),
    /// What was known of it still holds.
    Same,
    Moved(Url),
    /// Worth another try, after a wait if the server asked for one.
    Later(String, Option<Duration>),
    None(String),
}

/// Asks.
pub(crate) struct Http {
    client: Client,
    /// For this machine, which no proxy can reach for us.
    direct: Client,
    timeout: Duration,
}

impl Http {
    pub(crate) fn new(config: &WebConfig) -> Result<Self> {
        let build = |builder: ClientBuilder| builder.build().map_err(|cause| Error::Client { cause });
        let (client, direct) = (build(settings(config))?, build(settings(config).no_proxy())?);
        Ok(Self { client, direct, timeout: Duration::from_secs(config.timeout_seconds) })
    }

    /// Asks for an address; a body longer than `limit` is none, or (`cut`) ends there. `known` is what the body before
    /// was called.
    pub(crate) fn ask(&self, url: &Url, limit: u64, cut: bool, known: Option<&Head>) -> Reply {
        let client = if is_loopback(url) { &self.direct } else { &self.client };
        let mut request = client.get(url.clone());
        if let Some(head) = known {
            let names = [(IF_NONE_MATCH, &head.etag), (IF_MODIFIED_SINCE, &head.modified)];
            for (name, value) in names {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
        }
        let end = Instant::now() + self.timeout;
        match request.send() {
            Ok(response) => read(url, response, limit, cut, end),
            Err(error) if error.is_builder() => Reply::None(innermost(&error)),
            Err(error) => Reply::Later(innermost(&error), None),
        }
    }
}

fn settings(config: &WebConfig) -> ClientBuilder {
    let agent = format!("{}/{} (+{})", config.agent, env!("CARGO_PKG_VERSION"), config.contact);
    let timeout = Duration::from_secs(config.timeout_seconds);
    let builder = Client::builder()
        .user_agent(agent)
        .redirect(Policy::none())
        .referer(false)
        .connect_timeout(timeout.min(Duration::from_secs(10)))
        .timeout(timeout);
    if config.allow_private { builder } else { builder.dns_resolver(Arc::new(PublicOnly::new())) }
}

fn read(url: &Url, response: Response, limit: u64, cut: bool, end: Instant) -> Reply {
    let status = response.status();
    let header = |name: HeaderName| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    if status.as_u16() == 304 {
        return Reply::Same;
    }
    if status.is_redirection() {
        return match header(LOCATION).and_then(|next| url.join(&next).ok()) {
            Some(next) => Reply::Moved(next),
            None => Reply::None(format!("status {} without an address", status.as_u16())),
        };
    }
    if status.is_server_error() || status.as_u16() == 429 {
        let asked = header(RETRY_AFTER).and_then(|text| wait(&text, jiff::Timestamp::now()));
        return Reply::Later(format!("status {}", status.as_u16()), asked);
    }
    if !status.is_success() {
        return Reply::None(format!("status {}", status.as_u16()));
    }
    let head = Head {
        status: status.as_u16(),
        kind: header(CONTENT_TYPE).unwrap_or_default().to_lowercase(),
        etag: header(ETAG),
        modified: header(LAST_MODIFIED),
        fetched: jiff::Timestamp::now().to_string(),
        ..Head::default()
    };
    match body(response, limit, end) {
        Err(why) => Reply::Later(why, None),
        Ok(bytes) if bytes.len() as u64 > limit && !cut => Reply::None(format!("larger than {limit} bytes")),
        Ok(mut bytes) => {
            bytes.truncate(limit as usize);
            Reply::Page(head, bytes)
        }
    }
}

/// The body, and one byte more than the limit if there is more. The client limits the wait for each piece, and `end` all
/// of them together: a server cannot hold us by sending byte after byte.
fn body(mut response: Response, limit: u64, end: Instant) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 << 10];
    while bytes.len() as u64 <= limit {
        if Instant::now() > end {
            return Err("the answer takes too long".into());
        }
        match response.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
            Err(error) => return Err(format!("broken answer: {}", innermost(&error))),
        }
    }
    bytes.truncate(limit as usize + 1);
    Ok(bytes)
}

/// How long `Retry-After` asks to wait: seconds or a date (RFC 9110, 10.2.3).
fn wait(text: &str, now: jiff::Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

/// The cause that says most.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_ask_for_patience() {
        let now = jiff::fmt::rfc2822::parse("Wed, 21 Oct 2015 07:28:00 GMT").unwrap().timestamp();
        assert_eq!(wait(" 120 ", now), Some(Duration::from_mins(2)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:30 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(wait("soon", now), None);
    }
}
