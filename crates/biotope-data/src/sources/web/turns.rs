//! Whose turn it is: per host a queue, its robots.txt, a delay and so many requests at once; several hosts side by side.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;

use super::robots::Robots;

/// After so many requests in a row without any answer the rest of a host is given up.
pub(crate) const GIVE_UP: usize = 10;

/// What is known of a host's robots.txt.
#[derive(Clone, Debug, Default)]
pub(crate) enum Rules {
    /// Nothing: it has to be asked first.
    #[default]
    Unknown,
    /// It is being asked.
    Asked,
    /// What it says. A host without one says nothing.
    Known(Arc<Robots>),
    /// It could not say (RFC 9309, 2.3.1.4: nothing is allowed).
    Closed(String),
}

impl Rules {
    /// Why an address may not be fetched.
    pub(crate) fn refusal(&self, url: &Url) -> Option<String> {
        match self {
            Self::Unknown | Self::Asked => None,
            Self::Closed(why) => Some(format!("robots.txt cannot be had: {why}")),
            Self::Known(robots) => (!robots.allows(url)).then(|| "disallowed by robots.txt".to_owned()),
        }
    }

    fn delay(&self) -> Duration {
        match self {
            Self::Known(robots) => robots.delay,
            _ => Duration::ZERO,
        }
    }
}

/// Something to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// Place in the crawl's order: earlier ones go first.
    pub(crate) order: u64,
    pub(crate) url: Url,
    /// How many redirects lie behind.
    pub(crate) hops: usize,
    pub(crate) attempt: u32,
    /// Whether it comes from a start address, which need not be in scope.
    pub(crate) start: bool,
    /// Largest body.
    pub(crate) limit: u64,
    /// Why it will not be asked, whatever its host's rules are.
    pub(crate) refused: Option<String>,
}

/// One host.
#[derive(Debug, Default)]
struct Host {
    rules: Rules,
    waiting: BTreeMap<(u64, usize), Job>,
    busy: usize,
    next: Option<Instant>,
    /// Requests in a row that failed for good because nobody answered.
    silent: usize,
    count: Count,
}

impl Host {
    /// Whether a job leads to a request.
    fn asks(&self, job: &Job) -> bool {
        self.silent < GIVE_UP && job.refused.is_none() && self.rules.refusal(&job.url).is_none()
    }
}

/// What became of a host's addresses so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) waiting: usize,
}

/// What a worker does next.
#[derive(Debug)]
pub(crate) enum Pick {
    /// Ask robots.txt of this address's host.
    Rules(Url),
    /// Ask this, under these rules.
    Job(Job, Rules),
    /// Nothing before that time, or before something changes.
    Wait(Option<Duration>),
}

/// All hosts.
#[derive(Debug)]
pub(crate) struct Turns {
    delay: Duration,
    per_host: usize,
    hosts: HashMap<String, Host>,
    /// Hosts with something waiting.
    active: BTreeSet<String>,
}

fn name(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl Turns {
    pub(crate) fn new(delay: Duration, per_host: usize) -> Self {
        Self { delay, per_host, hosts: HashMap::new(), active: BTreeSet::new() }
    }

    /// Queues a job.
    pub(crate) fn add(&mut self, job: Job) {
        let name = name(&job.url);
        let host = self.hosts.entry(name.clone()).or_default();
        host.waiting.insert((job.order, job.hops), job);
        self.active.insert(name);
    }

    /// The earliest job whose host is ready for it.
    pub(crate) fn pick(&mut self, now: Instant) -> Pick {
        let mut best: Option<(&String, (u64, usize))> = None;
        let mut soonest: Option<Instant> = None;
        for name in &self.active {
            let host = &self.hosts[name];
            let Some((order, _)) = host.waiting.first_key_value() else { continue };
            if host.busy >= self.per_host || matches!(host.rules, Rules::Asked) {
                continue;
            }
            if let Some(next) = host.next.filter(|next| *next > now) {
                soonest = Some(soonest.map_or(next, |known| known.min(next)));
            } else if best.is_none_or(|(_, known)| *order < known) {
                best = Some((name, *order));
            }
        }
        let Some(name) = best.map(|(name, _)| name.clone()) else {
            return Pick::Wait(soonest.map(|next| next.saturating_duration_since(now)));
        };
        self.take(&name, now)
    }

    fn take(&mut self, name: &str, now: Instant) -> Pick {
        let host = self.hosts.get_mut(name).expect("an active host is known");
        host.busy += 1;
        if matches!(host.rules, Rules::Unknown) {
            host.rules = Rules::Asked;
            let (_, job) = host.waiting.first_key_value().expect("an active host has a job");
            return Pick::Rules(job.url.clone());
        }
        let (_, job) = host.waiting.pop_first().expect("an active host has a job");
        if host.waiting.is_empty() {
            self.active.remove(name);
        }
        // What is not asked costs no turn.
        if host.asks(&job) {
            host.next = Some(now + host.rules.delay().max(self.delay));
        }
        Pick::Job(job, host.rules.clone())
    }

    fn host(&mut self, url: &Url) -> &mut Host {
        self.hosts.entry(name(url)).or_default()
    }

    /// The rules of a host are known.
    pub(crate) fn learn(&mut self, url: &Url, rules: Rules) {
        let host = self.host(url);
        (host.rules, host.busy) = (rules, host.busy.saturating_sub(1));
    }

    /// A request is over; `spoke` tells whether the host said anything.
    pub(crate) fn over(&mut self, url: &Url, good: bool, spoke: bool) {
        let host = self.host(url);
        host.busy = host.busy.saturating_sub(1);
        host.silent = if spoke { 0 } else { host.silent + 1 };
        if good { host.count.done += 1 } else { host.count.failed += 1 }
    }

    /// A request has to be made again, not before `wait` is over; until then the whole host rests.
    pub(crate) fn again(&mut self, job: Job, wait: Duration, now: Instant) {
        let host = self.host(&job.url);
        host.busy = host.busy.saturating_sub(1);
        host.next = Some(host.next.unwrap_or(now).max(now + wait));
        self.add(Job { attempt: job.attempt + 1, ..job });
    }

    /// How many requests in a row a host left without any answer.
    pub(crate) fn silent(&self, url: &Url) -> usize {
        self.hosts.get(&name(url)).map_or(0, |host| host.silent)
    }

    /// Counts by host, in the order of their names.
    pub(crate) fn counts(&self) -> BTreeMap<String, Count> {
        let count = |host: &Host| Count { waiting: host.waiting.len() + host.busy, ..host.count };
        self.hosts.iter().map(|(name, host)| (name.clone(), count(host))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(order: u64, url: &str) -> Job {
        Job {
            order,
            url: Url::parse(url).unwrap(),
            hops: 0,
            attempt: 0,
            start: false,
            limit: 1,
            refused: None,
        }
    }

    fn order(pick: &Pick) -> Option<u64> {
        if let Pick::Job(job, _) = pick { Some(job.order) } else { None }
    }

    #[test]
    fn one_host_politely_and_several_at_once() {
        let second = Duration::from_secs(1);
        let (mut turns, now) = (Turns::new(second, 1), Instant::now());
        for (order, url) in
            [(1, "https://a.example/1"), (2, "https://a.example/2"), (3, "https://b.example/1")]
        {
            turns.add(job(order, url));
        }
        let Pick::Rules(url) = turns.pick(now) else { panic!("rules come first") };
        let Pick::Rules(other) = turns.pick(now) else { panic!("meanwhile those of the other host") };
        for url in [url, other] {
            turns.learn(&url, Rules::Known(Arc::default()));
        }
        assert_eq!(order(&turns.pick(now)), Some(1));
        assert_eq!(order(&turns.pick(now)), Some(3), "the other host need not wait");
        assert!(matches!(turns.pick(now), Pick::Wait(None)), "one request at a time");
        turns.over(&job(1, "https://a.example/1").url, true, true);
        assert!(matches!(turns.pick(now), Pick::Wait(Some(wait)) if wait == second));
        assert_eq!(order(&turns.pick(now + second)), Some(2));
    }

    #[test]
    fn what_is_not_asked_need_not_wait() {
        let (mut turns, now) = (Turns::new(Duration::from_secs(1), 1), Instant::now());
        let url = job(0, "https://a.example/").url;
        turns.learn(&url, Rules::Known(Arc::default()));
        turns.add(Job { refused: Some("excluded".into()), ..job(1, "https://a.example/1") });
        turns.add(job(2, "https://a.example/2"));
        assert_eq!(order(&turns.pick(now)), Some(1));
        turns.over(&url, false, true);
        assert_eq!(order(&turns.pick(now)), Some(2), "a refusal costs no turn");
        (0..GIVE_UP).for_each(|_| turns.over(&url, false, false));
        let later = now + Duration::from_secs(1);
        for number in 3..6 {
            turns.add(job(number, "https://a.example/x"));
            assert_eq!(order(&turns.pick(later)), Some(number), "nor does a host that is given up");
            turns.over(&url, false, false);
        }
    }

    #[test]
    fn who_asks_for_patience_gets_it_for_the_whole_host() {
        let (mut turns, now) = (Turns::new(Duration::ZERO, 2), Instant::now());
        let first = job(1, "https://a.example/1");
        turns.learn(&first.url, Rules::Known(Arc::default()));
        turns.add(first);
        turns.add(job(2, "https://a.example/2"));
        let Pick::Job(first, _) = turns.pick(now) else { panic!("it is ready") };
        turns.again(first, Duration::from_mins(1), now);
        assert!(matches!(turns.pick(now), Pick::Wait(Some(wait)) if wait == Duration::from_mins(1)));
        let Pick::Job(first, _) = turns.pick(now + Duration::from_mins(1)) else { panic!("it is ready") };
        assert_eq!((first.order, first.attempt), (1, 1));
    }

    #[test]
    fn a_host_without_an_answer_is_closed_and_one_without_rules_open() {
        let url = Url::parse("https://a.example/private/1").unwrap();
        let robots = Robots::parse(b"User-agent: *\nDisallow: /private/", "biotope");
        assert_eq!(Rules::Known(Arc::new(robots)).refusal(&url).as_deref(), Some("disallowed by robots.txt"));
        assert_eq!(Rules::Known(Arc::default()).refusal(&url), None);
        let why = Rules::Closed("status 503".into()).refusal(&url);
        assert_eq!(why.as_deref(), Some("robots.txt cannot be had: status 503"));
    }
}
