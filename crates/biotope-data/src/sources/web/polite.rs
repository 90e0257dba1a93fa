//! One host at a time: what robots.txt allows, and when the next request may go out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use texting_robots::Robot;
use url::{Origin, Url};

/// Longest delay that robots.txt can ask for.
const LONGEST: Duration = Duration::from_mins(1);

/// What is known of a host.
#[derive(Clone)]
pub(crate) enum Rules {
    /// Its robots.txt.
    Robot(Arc<Robot>),
    /// It has none: everything is allowed.
    Free,
    /// It could not say (RFC 9309: nothing is allowed).
    Closed(String),
}

impl Rules {
    /// Why an address may not be fetched.
    pub(crate) fn refusal(&self, url: &Url) -> Option<String> {
        match self {
            Self::Free => None,
            Self::Closed(why) => Some(format!("robots.txt cannot be had: {why}")),
            Self::Robot(robot) => {
                (!robot.allowed(url.as_str())).then(|| "disallowed by robots.txt".to_owned())
            }
        }
    }

    fn delay(&self) -> Duration {
        match self {
            Self::Robot(robot) => robot.delay.map_or(Duration::ZERO, seconds),
            _ => Duration::ZERO,
        }
    }
}

/// Seconds as a host writes them; nonsense is none.
fn seconds(asked: f32) -> Duration {
    Duration::try_from_secs_f32(asked).unwrap_or_default().min(LONGEST)
}

/// Rules and turns of all hosts.
pub(crate) struct Hosts {
    delay: Duration,
    hosts: Mutex<HashMap<Origin, Arc<Mutex<Host>>>>,
}

/// One host: its rules once known, and when its next turn is.
#[derive(Default)]
struct Host {
    rules: Option<Rules>,
    next: Option<Instant>,
}

impl Hosts {
    pub(crate) fn new(delay: Duration) -> Self {
        Self { delay, hosts: Mutex::new(HashMap::new()) }
    }

    fn host(&self, url: &Url) -> Arc<Mutex<Host>> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.entry(url.origin()).or_default().clone()
    }

    /// The rules of a host. The first to ask fetches them, and the others of the same host wait.
    pub(crate) fn rules(&self, url: &Url, fetch: impl FnOnce() -> Rules) -> Rules {
        let host = self.host(url);
        let mut host = host.lock().unwrap_or_else(PoisonError::into_inner);
        host.rules.get_or_insert_with(fetch).clone()
    }

    /// Waits for a turn at the host.
    pub(crate) fn wait(&self, url: &Url) {
        let host = self.host(url);
        let at = {
            let mut host = host.lock().unwrap_or_else(PoisonError::into_inner);
            let delay = host.rules.as_ref().map_or(Duration::ZERO, Rules::delay).max(self.delay);
            let at = host.next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            host.next = Some(at + delay);
            at
        };
        std::thread::sleep(at.saturating_duration_since(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_without_an_answer_is_closed_and_one_without_rules_open() {
        let url = Url::parse("https://a.example/private/1").unwrap();
        let robot = Robot::new("biotope", b"User-agent: *\nDisallow: /private/\nCrawl-delay: 2").unwrap();
        let rules = Rules::Robot(Arc::new(robot));
        assert_eq!(rules.refusal(&url).as_deref(), Some("disallowed by robots.txt"));
        assert_eq!(rules.delay(), Duration::from_secs(2));
        assert_eq!(Rules::Free.refusal(&url), None);
        assert_eq!(
            Rules::Closed("status 503".into()).refusal(&url).unwrap(),
            "robots.txt cannot be had: status 503"
        );
        assert_eq!(
            (seconds(-1.0), seconds(f32::NAN), seconds(1e9)),
            (Duration::ZERO, Duration::ZERO, LONGEST)
        );
    }

    #[test]
    fn rules_are_asked_for_once() {
        let hosts = Hosts::new(Duration::ZERO);
        let url = |path: &str| Url::parse("https://a.example/").unwrap().join(path).unwrap();
        hosts.rules(&url("1"), || Rules::Closed("first".into()));
        let again = hosts.rules(&url("2"), || Rules::Free);
        assert!(matches!(again, Rules::Closed(why) if why == "first"));
    }
}
