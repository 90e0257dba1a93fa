//! The workers: they ask what was ordered, write each answer into the journal, and lay it ready.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use biotope_core::RecordId;
use serde_json::json;
use url::Url;

use super::WebConfig;
use super::address::refused;
use super::canonical::canonical;
use super::http::{Http, Reply};
use super::journal::{Answer, Journal, key};
use super::robots::{MAX_BYTES, Robots};
use super::scope::Scope;
use super::turns::{Count, GIVE_UP, Job, Pick, Rules, Turns};
use crate::{Error, Result};

/// How long robots.txt is believed (RFC 9309, 2.4).
const ROBOTS_AGE: Duration = Duration::from_hours(24);

/// The workers and what they share.
pub(crate) struct Desk {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared {
    config: WebConfig,
    scope: Scope,
    http: Http,
    journal: Journal,
    state: Mutex<State>,
    /// Something can be asked.
    work: Condvar,
    /// Something was answered.
    news: Condvar,
}

struct State {
    turns: Turns,
    ordered: HashSet<RecordId>,
    ready: HashMap<RecordId, Answer>,
    fatal: Option<Error>,
    stop: bool,
}

/// What decides which answer a question gets; answers to other questions are not ours.
fn settings(config: &WebConfig) -> String {
    json!([config.agent, config.max_body_bytes, config.max_list_bytes]).to_string()
}

impl Desk {
    /// Opens the journal in a folder and starts `config.concurrency` workers.
    pub(crate) fn open(config: &WebConfig, scope: &Scope, folder: &Path) -> Result<Self> {
        let turns = Turns::new(Duration::from_millis(config.delay_ms), config.per_host);
        let (ordered, ready) = (HashSet::new(), HashMap::new());
        let shared = Arc::new(Shared {
            config: config.clone(),
            scope: scope.clone(),
            http: Http::new(config)?,
            journal: Journal::open(folder, &settings(config))?,
            state: Mutex::new(State { turns, ordered, ready, fatal: None, stop: false }),
            work: Condvar::new(),
            news: Condvar::new(),
        });
        let worker = |_| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.work())
        };
        let workers = (0..config.concurrency).map(worker).collect();
        Ok(Self { shared, workers })
    }

    /// Orders an address, behind so many redirects; ordered twice, it is asked once.
    pub(crate) fn order(&self, order: u64, url: &Url, hops: usize, start: bool) {
        let (config, url) = (&self.shared.config, url.clone());
        let limit =
            if start { config.max_list_bytes.max(config.max_body_bytes) } else { config.max_body_bytes };
        let job = Job { order, url, hops, attempt: 0, start, limit, refused: None };
        self.shared.order(&mut self.shared.state(), job);
    }

    /// Waits for what was ordered.
    pub(crate) fn answer(&self, url: &Url) -> Result<Answer> {
        let (key, mut state) = (key(url), self.shared.state());
        loop {
            if let Some(error) = state.fatal.take() {
                return Err(error);
            }
            if let Some(answer) = state.ready.get(&key) {
                return Ok(answer.clone());
            }
            state = self.shared.news.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// How far each host is.
    pub(crate) fn counts(&self) -> BTreeMap<String, Count> {
        self.shared.state().turns.counts()
    }

    /// An answer is done with.
    pub(crate) fn forget(&self, url: &Url) {
        self.shared.state().ready.remove(&key(url));
    }

    /// The body of an answer.
    pub(crate) fn body(&self, head: &super::journal::Head) -> Option<Vec<u8>> {
        self.shared.journal.body(head)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.shared.state().stop = true;
        self.shared.work.notify_all();
        for worker in self.workers.drain(..) {
            // A worker that panicked has said so itself.
            let _ = worker.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, state: &mut State, job: Job) {
        if !state.ordered.insert(key(&job.url)) {
            return;
        }
        if let Some(answer) = self.journal.answer(&job.url) {
            return self.lay(state, &job, answer);
        }
        let refused = self.refusal(&job);
        state.turns.add(Job { refused, ..job });
        self.work.notify_one();
    }

    /// Lays an answer ready; a redirect's target is ordered at once, in the same place of the order.
    fn lay(&self, state: &mut State, job: &Job, answer: Answer) {
        if let Answer::Moved(next) = &answer {
            let next = canonical(next.clone(), &self.config.tracking);
            if job.hops < self.config.max_redirects {
                let job = Job { url: next, hops: job.hops + 1, attempt: 0, ..job.clone() };
                self.order(state, job);
            }
        }
        state.ready.insert(key(&job.url), answer);
        self.news.notify_all();
    }

    fn work(&self) {
        let mut state = self.state();
        while !state.stop {
            match state.turns.pick(Instant::now()) {
                Pick::Wait(None) => state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner),
                Pick::Wait(Some(time)) => {
                    let waited = self.work.wait_timeout(state, time);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                Pick::Rules(url) => {
                    drop(state);
                    // A panic must not leave the host waiting for its rules.
                    let rules = catch_unwind(AssertUnwindSafe(|| self.robots(&url)));
                    let rules = rules.unwrap_or_else(|_| Ok(Rules::Closed("the fetch panicked".into())));
                    state = self.state();
                    match rules {
                        Ok(rules) => state.turns.learn(&url, rules),
                        Err(error) => self.fail(&mut state, error),
                    }
                    self.work.notify_all();
                }
                Pick::Job(job, rules) => {
                    let silent = state.turns.silent(&job.url);
                    drop(state);
                    let done = if silent >= GIVE_UP {
                        Ok(Done::Failed("the host is given up: it did not answer".into(), false))
                    } else {
                        // A panic must not leave the crawl waiting for an answer.
                        let asked = catch_unwind(AssertUnwindSafe(|| self.ask(&job, &rules)));
                        asked.unwrap_or_else(|_| Ok(Done::Failed("the fetch panicked".into(), true)))
                    };
                    state = self.state();
                    self.done(&mut state, job, done);
                    self.work.notify_all();
                }
            }
        }
    }

    fn done(&self, state: &mut State, job: Job, done: Result<Done>) {
        match done {
            Ok(Done::Answer(answer)) => {
                state.turns.over(&job.url, !matches!(answer, Answer::None(_)), true);
                self.lay(state, &job, answer);
            }
            Ok(Done::Failed(why, spoke)) => {
                state.turns.over(&job.url, false, spoke);
                self.lay(state, &job, Answer::None(why));
            }
            Ok(Done::Again(wait)) => state.turns.again(job, wait, Instant::now()),
            Err(error) => self.fail(state, error),
        }
    }

    /// The journal cannot be written: nothing more is asked.
    fn fail(&self, state: &mut State, error: Error) {
        (state.fatal, state.stop) = (Some(error), true);
        self.news.notify_all();
    }

    /// Why an address is not asked, whatever its host's rules are.
    fn refusal(&self, job: &Job) -> Option<String> {
        refused(&job.url, self.config.allow_private).or_else(|| {
            let why = self.scope.refusal(&job.url).filter(|_| job.hops > 0 && !job.start)?;
            Some(format!("redirected to {}: {why}", job.url))
        })
    }

    /// One question under the rules of its host.
    fn ask(&self, job: &Job, rules: &Rules) -> Result<Done> {
        if let Some(why) = job.refused.clone().or_else(|| rules.refusal(&job.url)) {
            return Ok(Done::Failed(why, true));
        }
        // Asked in the meantime, as the rules of its host.
        if let Some(answer) = self.journal.answer(&job.url) {
            return Ok(Done::Answer(answer));
        }
        let former = self.journal.former(&job.url).filter(|(_, body)| body.len() as u64 <= job.limit);
        let reply = self.http.ask(&job.url, job.limit, false, former.as_ref().map(|(head, _)| head));
        let answer = match (reply, former) {
            (Reply::Page(head, body), _) => self.journal.put(&job.url, Answer::Page(head), &body)?,
            (Reply::Same, Some((mut head, body))) => {
                head.checked = Some(jiff::Timestamp::now().to_string());
                self.journal.put(&job.url, Answer::Page(head), &body)?
            }
            (Reply::Same, None) => self.journal.put(&job.url, Answer::None("status 304".into()), b"")?,
            (Reply::Moved(next), _) => self.journal.put(&job.url, Answer::Moved(next), b"")?,
            (Reply::None(why), _) => self.journal.put(&job.url, Answer::None(why), b"")?,
            (Reply::Later(why, asked), _) => return Ok(self.later(job, why, asked)),
        };
        Ok(Done::Answer(answer))
    }

    /// Whether and when a question is asked again. Failures that may pass are no answers: a later run asks again.
    fn later(&self, job: &Job, why: String, asked: Option<Duration>) -> Done {
        let spoke = why.starts_with("status ");
        if job.attempt as usize >= self.config.retries {
            return Done::Failed(why, spoke);
        }
        let usual = Duration::from_millis(self.config.backoff_ms.max(self.config.delay_ms));
        let wait = asked.unwrap_or(usual * 2u32.pow(job.attempt.min(6)));
        if wait > Duration::from_secs(self.config.max_wait_seconds) {
            return Done::Failed(format!("{why}, asked to wait {} s", wait.as_secs()), true);
        }
        Done::Again(wait)
    }

    /// robots.txt of a host: 4xx is leave, 5xx and silence are none (RFC 9309, 2.3.1).
    fn robots(&self, url: &Url) -> Result<Rules> {
        let Ok(first) = url.join("/robots.txt") else { return Ok(Rules::Closed("no host".into())) };
        let mut place = first.clone();
        for _ in 0..=self.config.max_redirects {
            if let Some(why) = refused(&place, self.config.allow_private) {
                return Ok(Rules::Closed(why));
            }
            let answer = match self.journal.answer(&place).filter(is_fresh) {
                Some(answer) => answer,
                None => match self.http.ask(&place, MAX_BYTES as u64, true, None) {
                    Reply::Page(head, body) => self.journal.put(&place, Answer::Page(head), &body)?,
                    Reply::Moved(next) => self.journal.put(&place, Answer::Moved(next), b"")?,
                    Reply::None(why) => self.journal.put(&place, Answer::None(why), b"")?,
                    Reply::Later(why, _) => return Ok(Rules::Closed(why)),
                    Reply::Same => return Ok(Rules::Closed("status 304".into())),
                },
            };
            match answer {
                Answer::Page(head) => {
                    let body = self.journal.body(&head).unwrap_or_default();
                    return Ok(Rules::Known(Arc::new(Robots::parse(&body, &self.config.agent))));
                }
                Answer::Moved(next) => place = next,
                Answer::None(why) if why.starts_with("status 4") => return Ok(Rules::Known(Arc::default())),
                Answer::None(why) => return Ok(Rules::Closed(why)),
            }
        }
        // RFC 9309, 2.3.1.2: after too many redirects it counts as missing.
        Ok(Rules::Known(Arc::default()))
    }
}

/// What came of one question.
enum Done {
    Answer(Answer),
    /// No answer this time, and whether the host said anything.
    Failed(String, bool),
    Again(Duration),
}

fn is_fresh(answer: &Answer) -> bool {
    let Answer::Page(head) = answer else { return true };
    let age = head.fetched.parse().map(|then| jiff::Timestamp::now().duration_since(then));
    age.is_ok_and(|age| age.unsigned_abs() < ROBOTS_AGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A public page that, as the journal knows, leads to this machine.
    #[test]
    fn a_redirect_is_checked_as_any_other_address() {
        let inside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        inside.set_nonblocking(true).unwrap();
        let secret = Url::parse(&format!("http://{}/secret", inside.local_addr().unwrap())).unwrap();
        let start = Url::parse("http://news.example/1").unwrap();
        let config = WebConfig { start: vec![start.to_string()], ..WebConfig::default() };
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path(), &settings(&config)).unwrap();
        let robots = start.join("/robots.txt").unwrap();
        journal.put(&robots, Answer::None("status 404".into()), b"").unwrap();
        journal.put(&start, Answer::Moved(secret.clone()), b"").unwrap();
        drop(journal);
        let desk = Desk::open(&config, &Scope::new(&config).unwrap(), folder.path()).unwrap();
        desk.order(0, &start, 0, true);
        assert_eq!(desk.answer(&start).unwrap(), Answer::Moved(secret.clone()));
        let refused = Answer::None("private address, set allow_private = true to fetch it".into());
        assert_eq!(desk.answer(&secret).unwrap(), refused);
        assert!(inside.accept().is_err(), "nobody knocked");
    }

    #[test]
    fn what_lies_behind_a_redirect_must_be_in_scope_whoever_orders_it() {
        let outside = Url::parse("http://127.0.0.1:1/2").unwrap();
        let config = WebConfig {
            start: vec!["http://news.example/".into()],
            scope: "news".into(),
            allow_private: true,
            ..WebConfig::default()
        };
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(&config, &Scope::new(&config).unwrap(), folder.path()).unwrap();
        desk.order(0, &outside, 1, false);
        let refused = format!("redirected to {outside}: outside of the scope");
        assert_eq!(desk.answer(&outside).unwrap(), Answer::None(refused));
    }
}
