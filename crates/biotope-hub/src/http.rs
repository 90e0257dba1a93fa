//! Files over HTTP: bounded, resumable, with redirects followed by hand so that each is checked.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, LOCATION, RANGE};
use reqwest::{Method, StatusCode};
use url::Url;

use crate::config::Limits;
use crate::error::{Error, Result};
use crate::meter::Meter;
use crate::secret::{Secret, scrub};

mod part;
mod rules;

pub(crate) use part::Part;
pub(crate) use rules::check_scheme;
use rules::redirected;

/// Most requests for one file, however much progress each of them makes.
const MOST_REQUESTS: u32 = 100;

/// The name of this client to servers.
pub(crate) const USER_AGENT: &str = concat!("biotope-hub/", env!("CARGO_PKG_VERSION"));

/// An HTTP client that remembers which hosts did not answer.
#[derive(Debug)]
pub(crate) struct Http {
    client: Mutex<Option<Client>>,
    limits: Limits,
    unprotected: bool,
    down: Mutex<BTreeSet<String>>,
}

/// What is asked for, and in whose name.
#[derive(Clone)]
pub(crate) struct Request<'a> {
    pub url: Url,
    /// Sent to the host of `url` only.
    pub token: Option<&'a Secret>,
    /// How errors call it.
    pub label: String,
}

/// How one request for the rest of a file ended.
enum Turn {
    Whole,
    Broken(String),
}

impl Http {
    pub(crate) fn new(limits: Limits, allow_http: bool) -> Self {
        Self { client: Mutex::new(None), limits, unprotected: allow_http, down: Mutex::new(BTreeSet::new()) }
    }

    /// The headers that tell about a file, from the first answer that `enough` accepts; redirects are followed until
    /// then.
    pub(crate) fn head(&self, request: &Request<'_>, enough: fn(&HeaderMap) -> bool) -> Result<HeaderMap> {
        let mut pause = self.limits.pause;
        let mut tries = 1;
        loop {
            let error = match self.send(&Method::HEAD, request, &HeaderMap::new(), enough) {
                Ok(response) => match status_error(&request.label, response.status()) {
                    None => return Ok(response.headers().clone()),
                    Some(error) => error,
                },
                Err(error) => error,
            };
            if tries >= self.limits.tries || !is_passing(&error) {
                return Err(error);
            }
            tries += 1;
            rest(&mut pause);
        }
    }

    /// Fetches the rest of a file, in as many requests as it takes.
    ///
    /// `immutable`: what lies in the part belongs to an address whose content never changes, so the rest may be asked
    /// for without a condition.
    pub(crate) fn download(
        &self,
        request: &Request<'_>,
        part: &Part,
        immutable: bool,
        limit: u64,
        meter: &mut Meter<'_>,
    ) -> Result<()> {
        let mut pause = self.limits.pause;
        let mut tries = 1;
        for _ in 0..MOST_REQUESTS {
            let before = part.len();
            let failure = match self.turn(request, part, immutable, limit, meter) {
                Ok(Turn::Whole) => return Ok(()),
                Ok(Turn::Broken(cause)) => {
                    Error::Cut { spec: request.label.clone(), received: part.len(), cause }
                }
                Err(error) if is_passing(&error) => error,
                Err(error) => return Err(error),
            };
            if part.len() > before {
                (tries, pause) = (1, self.limits.pause);
            } else if tries >= self.limits.tries {
                return Err(failure);
            } else {
                tries += 1;
            }
            meter.say("resuming");
            rest(&mut pause);
        }
        let cause = format!("{MOST_REQUESTS} requests were not enough");
        Err(Error::Cut { spec: request.label.clone(), received: part.len(), cause })
    }

    fn turn(
        &self,
        request: &Request<'_>,
        part: &Part,
        immutable: bool,
        limit: u64,
        meter: &mut Meter<'_>,
    ) -> Result<Turn> {
        let mut have = part.len();
        let headers = resume_headers(part, immutable);
        if headers.is_empty() && have > 0 {
            part.restart(None)?;
            have = 0;
        }
        let response = self.send(&Method::GET, request, &headers, |_| false)?;
        if response.status() == StatusCode::RANGE_NOT_SATISFIABLE && have > 0 {
            // The part is longer than the file: it belongs to something else.
            part.restart(None)?;
            return Ok(Turn::Broken("the range was refused".to_owned()));
        }
        if let Some(error) = status_error(&request.label, response.status()) {
            return Err(error);
        }
        if response.status() == StatusCode::PARTIAL_CONTENT && range_start(&response) != Some(have) {
            part.restart(None)?;
            return Ok(Turn::Broken("another range was sent than asked for".to_owned()));
        }
        if response.status() != StatusCode::PARTIAL_CONTENT {
            let validator = if immutable { part.validator() } else { strong_etag(response.headers()) };
            part.restart(validator.as_deref())?;
        }
        receive(request, response, part, limit, meter)
    }

    /// Sends one request and follows its redirects until `enough` is satisfied with the headers of one.
    fn send(
        &self,
        method: &Method,
        request: &Request<'_>,
        headers: &HeaderMap,
        enough: fn(&HeaderMap) -> bool,
    ) -> Result<Response> {
        let mut url = request.url.clone();
        for _ in 0..=self.limits.redirects {
            self.check(&url, &request.label)?;
            let mut builder = self.client(&request.label)?.request(method.clone(), url.clone());
            builder = builder.headers(headers.clone()).header(ACCEPT_ENCODING, "identity");
            if let Some(token) = request.token
                && url.origin() == request.url.origin()
            {
                builder = builder.bearer_auth(token.expose());
            }
            let response = builder.send().map_err(|error| self.unreachable(&url, request, &error))?;
            let next = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            match next.filter(|_| response.status().is_redirection() && !enough(response.headers())) {
                Some(next) => url = redirected(&url, next, &request.label)?,
                None => return Ok(response),
            }
        }
        let rule = format!("more than {} redirects", self.limits.redirects);
        Err(Error::Forbidden { spec: request.label.clone(), rule })
    }

    /// Whether this address may be asked at all.
    fn check(&self, url: &Url, label: &str) -> Result<()> {
        check_scheme(url, self.unprotected, label)?;
        let down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
        if down.contains(&host_of(url)) {
            let cause = "did not answer a moment ago".to_owned();
            return Err(Error::Unreachable { spec: label.to_owned(), cause });
        }
        Ok(())
    }

    /// Turns a failed request into an error; a host that no connection reached is not asked again.
    fn unreachable(&self, url: &Url, request: &Request<'_>, error: &reqwest::Error) -> Error {
        if error.is_connect() || error.is_timeout() {
            self.down.lock().unwrap_or_else(PoisonError::into_inner).insert(host_of(url));
        }
        let cause = if error.is_timeout() {
            "no answer in time".to_owned()
        } else {
            scrub(&root_cause(error), request.token)
        };
        Error::Unreachable { spec: request.label.clone(), cause }
    }

    fn client(&self, label: &str) -> Result<Client> {
        let mut slot = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*slot {
            return Ok(client.clone());
        }
        let client = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .no_gzip()
            .connect_timeout(self.limits.connect)
            // Of a blocking client, this bounds the wait for the headers and then each read of the body.
            .timeout(self.limits.idle)
            .build()
            .map_err(|error| Error::Unreachable { spec: label.to_owned(), cause: root_cause(&error) })?;
        Ok(slot.insert(client).clone())
    }
}

/// Writes what comes to the end of the part, up to the limit.
fn receive(
    request: &Request<'_>,
    mut response: Response,
    part: &Part,
    limit: u64,
    meter: &mut Meter<'_>,
) -> Result<Turn> {
    let too_large = || Error::TooLarge { spec: request.label.clone(), limit };
    let mut have = part.len();
    let total = response.content_length().map(|rest| rest.saturating_add(have));
    if total.is_some_and(|total| total > limit) {
        return Err(too_large());
    }
    meter.begin(total);
    let mut file = part.append()?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = match response.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Ok(Turn::Broken(scrub(&root_cause(&error), request.token))),
        };
        have += read as u64;
        if have > limit {
            drop(file);
            part.restart(None)?;
            return Err(too_large());
        }
        file.write_all(&buffer[..read]).map_err(Error::io(part.path()))?;
        meter.at(have);
    }
    Ok(Turn::Whole)
}

fn host_of(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

/// The headers that ask for the rest only, if the rest alone is of use.
fn resume_headers(part: &Part, immutable: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let have = part.len();
    let validator = part.validator().and_then(|validator| validator.parse().ok());
    if have == 0 || (validator.is_none() && !immutable) {
        return headers;
    }
    if let (false, Some(validator)) = (immutable, validator) {
        headers.insert(IF_RANGE, validator);
    }
    headers.insert(RANGE, format!("bytes={have}-").parse().expect("digits are a header value"));
    headers
}

/// The entity tag, if two bodies with it are equal byte by byte (RFC 9110, 8.8.1).
fn strong_etag(headers: &HeaderMap) -> Option<String> {
    let etag = headers.get(ETAG)?.to_str().ok()?;
    (etag.starts_with('"') && etag.len() > 2).then(|| etag.to_owned())
}

/// Where the bytes of a partial answer begin: `bytes 5-9/10`.
fn range_start(response: &Response) -> Option<u64> {
    let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

fn status_error(label: &str, status: StatusCode) -> Option<Error> {
    let spec = label.to_owned();
    match status.as_u16() {
        200..=399 => None,
        401 | 403 => Some(Error::Refused { spec, status: status.as_u16() }),
        404 | 410 => Some(Error::NotFound { spec, advice: None }),
        status => Some(Error::Status { spec, status }),
    }
}

/// Whether the same request may succeed a moment later.
fn is_passing(error: &Error) -> bool {
    matches!(error, Error::Status { status: 408 | 425 | 429 | 500..=599, .. })
}

/// The innermost cause: the outer ones repeat the address.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Waits, and doubles the next wait.
fn rest(pause: &mut Duration) {
    std::thread::sleep(*pause);
    *pause *= 2;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strong_tags_allow_to_resume() {
        let tag = |value: &str| strong_etag(&HeaderMap::from_iter([(ETAG, value.parse().unwrap())]));
        assert_eq!(tag("\"abc\""), Some("\"abc\"".into()));
        assert_eq!((tag("W/\"abc\""), tag("\"\""), tag("abc")), (None, None, None));
    }
}
