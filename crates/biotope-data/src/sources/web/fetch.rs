//! One page over HTTP: turns, rules and limits observed, redirects followed by hand so that each hop is checked.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder, Response};
use reqwest::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use texting_robots::Robot;
use url::Url;

use crate::source::charset::decode;
use crate::sources::web::WebConfig;
use crate::sources::web::address::{PublicOnly, is_loopback, refused};
use crate::sources::web::polite::{Hosts, Rules};
use crate::{Error, Result};

/// Largest robots.txt that is read (RFC 9309 asks for at least 500 KiB).
const ROBOTS_BYTES: u64 = 512 << 10;
/// Longest wait that `Retry-After` can ask for.
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// A page as it came.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// Where it was in the end.
    pub(crate) url: Url,
    /// Status code.
    pub(crate) status: u16,
    /// `Content-Type`, lower-case.
    pub(crate) kind: String,
    /// Its bytes, at most as many as allowed.
    pub(crate) bytes: Vec<u8>,
    /// Its text and how it was encoded.
    pub(crate) text: String,
    /// Name of the encoding.
    pub(crate) charset: &'static str,
    /// When it came.
    pub(crate) fetched: jiff::Timestamp,
}

/// Fetches pages.
pub(crate) struct Fetcher<'a> {
    config: &'a WebConfig,
    hosts: Hosts,
    client: Client,
    direct: Client,
}

/// One answer.
enum Answer {
    Page(Page),
    Redirect(Url),
    /// Worth another try, after a wait if the server asked for one.
    Later(String, Option<Duration>),
    Failed(String),
}

impl<'a> Fetcher<'a> {
    pub(crate) fn new(config: &'a WebConfig) -> Result<Self> {
        let build = |builder: ClientBuilder| builder.build().map_err(|cause| Error::Client { cause });
        let client = build(settings(config))?;
        let direct = build(settings(config).no_proxy())?;
        let hosts = Hosts::new(Duration::from_millis(config.delay_ms));
        Ok(Self { config, hosts, client, direct })
    }

    /// The page at an address, or why there is none.
    pub(crate) fn page(&self, start: &Url) -> Result<Page, String> {
        let mut url = start.clone();
        for _ in 0..=self.config.max_redirects {
            match self.with_retries(&url)? {
                Ok(page) => return Ok(page),
                Err(next) => url = next,
            }
        }
        Err(format!("more than {} redirects", self.config.max_redirects))
    }

    /// One hop: a page, or (`Err`) the next address.
    fn with_retries(&self, url: &Url) -> Result<Result<Page, Url>, String> {
        self.permitted(url)?;
        let mut attempt = 0;
        loop {
            self.hosts.wait(url);
            match self.ask(url, self.config.max_body_bytes) {
                Answer::Page(page) => return Ok(Ok(page)),
                Answer::Redirect(next) => return Ok(Err(next)),
                Answer::Failed(why) => return Err(why),
                Answer::Later(why, _) if attempt >= self.config.retries => return Err(why),
                Answer::Later(_, asked) => {
                    let usual = Duration::from_millis(self.config.delay_ms) * 2u32.pow(attempt.min(6) as u32);
                    std::thread::sleep(asked.unwrap_or(usual).min(LONGEST_RETRY));
                    attempt += 1;
                }
            }
        }
    }

    fn permitted(&self, url: &Url) -> Result<(), String> {
        if let Some(why) = refused(url, self.config.allow_private) {
            return Err(why);
        }
        match self.hosts.rules(url, || self.robots(url)).refusal(url) {
            Some(why) => Err(why),
            None => Ok(()),
        }
    }

    /// robots.txt of a host: 4xx is leave, 5xx and silence are none (RFC 9309, 2.3.1).
    fn robots(&self, url: &Url) -> Rules {
        let mut place = match url.join("/robots.txt") {
            Ok(place) => place,
            Err(error) => return Rules::Closed(error.to_string()),
        };
        for _ in 0..=self.config.max_redirects {
            if let Some(why) = refused(&place, self.config.allow_private) {
                return Rules::Closed(why);
            }
            match self.ask(&place, ROBOTS_BYTES) {
                Answer::Page(page) => {
                    return match Robot::new(&self.config.agent, &page.bytes) {
                        Ok(robot) => Rules::Robot(Arc::new(robot)),
                        Err(error) => Rules::Closed(error.to_string()),
                    };
                }
                Answer::Redirect(next) => place = next,
                Answer::Failed(why) if why.starts_with("status 4") => return Rules::Free,
                Answer::Failed(why) | Answer::Later(why, _) => return Rules::Closed(why),
            }
        }
        Rules::Closed("too many redirects".into())
    }

    fn ask(&self, url: &Url, limit: u64) -> Answer {
        let client = if is_loopback(url) { &self.direct } else { &self.client };
        match client.get(url.clone()).send() {
            Ok(response) => read(url, response, limit),
            Err(error) if error.is_builder() => Answer::Failed(innermost(&error)),
            Err(error) => Answer::Later(innermost(&error), None),
        }
    }
}

fn settings(config: &WebConfig) -> ClientBuilder {
    let agent = format!("{}/{} (+{})", config.agent, env!("CARGO_PKG_VERSION"), config.contact);
    let timeout = Duration::from_secs(config.timeout_seconds);
    let builder = Client::builder()
        .user_agent(agent)
        .redirect(Policy::none())
        .connect_timeout(timeout.min(Duration::from_secs(10)))
        .timeout(timeout);
    if config.allow_private { builder } else { builder.dns_resolver(Arc::new(PublicOnly::new())) }
}

fn read(url: &Url, response: Response, limit: u64) -> Answer {
    let status = response.status();
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    if status.is_redirection() {
        return match header(LOCATION).and_then(|next| url.join(next).ok()) {
            Some(next) => Answer::Redirect(next),
            None => Answer::Failed(format!("status {} without an address", status.as_u16())),
        };
    }
    if status.is_server_error() || status.as_u16() == 429 {
        let asked = header(RETRY_AFTER).and_then(|text| text.parse().ok()).map(Duration::from_secs);
        return Answer::Later(format!("status {}", status.as_u16()), asked);
    }
    if !status.is_success() {
        return Answer::Failed(format!("status {}", status.as_u16()));
    }
    let kind = header(CONTENT_TYPE).unwrap_or_default().to_lowercase();
    let mut bytes = Vec::new();
    match response.take(limit + 1).read_to_end(&mut bytes) {
        Err(error) => return Answer::Later(format!("broken answer: {error}"), None),
        Ok(_) if bytes.len() as u64 > limit => return Answer::Failed(format!("larger than {limit} bytes")),
        Ok(_) => {}
    }
    let (text, charset) = decode(&bytes, Some(&kind));
    let (url, status, fetched) = (url.clone(), status.as_u16(), jiff::Timestamp::now());
    Answer::Page(Page { url, status, kind, bytes, text, charset, fetched })
}

/// The cause that says most.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
