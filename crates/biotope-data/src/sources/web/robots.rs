//! robots.txt (RFC 9309), with the crawl delay that many hosts add to it.

use std::time::Duration;

use url::Url;

use super::canonical::octets;

/// How much of it is read (RFC 9309, 2.5, asks for at least this much); the rest is ignored.
pub(crate) const MAX_BYTES: usize = 500 << 10;
/// Longest delay that it can ask for.
const LONGEST: Duration = Duration::from_mins(1);

/// What one host tells our agent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Robots {
    rules: Vec<(Pattern, bool)>,
    /// Least time between two requests.
    pub(crate) delay: Duration,
    /// Sitemaps that it names, as written.
    pub(crate) sitemaps: Vec<String>,
}

/// A beginning of paths, in which `*` is any text and a last `$` the end (RFC 9309, 2.2.3).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pattern {
    parts: Vec<String>,
    whole: bool,
    length: usize,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let (body, whole) = text.strip_suffix('$').map_or((text, false), |body| (body, true));
        let parts: Vec<String> = body.split('*').map(octets).collect();
        Self { length: text.len(), parts, whole }
    }

    /// Whether a path with its query fits. Linear: each part is looked for behind the one before.
    pub(crate) fn fits(&self, path: &str) -> bool {
        let (first, rest) = self.parts.split_first().expect("a split has a first part");
        let Some(mut left) = path.strip_prefix(first.as_str()) else { return false };
        let Some((last, middle)) = rest.split_last() else { return !self.whole || left.is_empty() };
        for part in middle {
            match left.find(part.as_str()) {
                Some(at) => left = &left[at + part.len()..],
                None => return false,
            }
        }
        if self.whole { left.ends_with(last.as_str()) } else { left.contains(last.as_str()) }
    }
}

/// A path with its query, as patterns are held against it.
pub(crate) fn path(url: &Url) -> String {
    let query = url.query().map_or(String::new(), |query| format!("?{query}"));
    octets(&format!("{}{query}", url.path()))
}

impl Robots {
    /// What a file says to the agent of that name: the groups that name it, or else those for `*`.
    pub(crate) fn parse(bytes: &[u8], agent: &str) -> Self {
        let text = String::from_utf8_lossy(whole_lines(bytes));
        let agent = token(agent);
        let (mut ours, mut all) = (Self::default(), Self::default());
        let (mut named, mut any, mut rules_began, mut spoken_to) = (false, false, true, false);
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            match key.as_str() {
                "user-agent" => {
                    if std::mem::take(&mut rules_began) {
                        (named, any) = (false, false);
                    }
                    named |= token(value) == agent;
                    any |= value == "*";
                    spoken_to |= named;
                }
                "sitemap" if !value.is_empty() => all.sitemaps.push(value.to_owned()),
                "allow" | "disallow" | "crawl-delay" => {
                    rules_began = true;
                    let groups = [(named, &mut ours), (any, &mut all)];
                    groups.into_iter().filter(|(is, _)| *is).for_each(|(_, group)| group.add(&key, value));
                }
                _ => {}
            }
        }
        let sitemaps = std::mem::take(&mut all.sitemaps);
        Self { sitemaps, ..if spoken_to { ours } else { all } }
    }

    fn add(&mut self, key: &str, value: &str) {
        match key {
            "crawl-delay" => {
                let asked = value.parse().ok().and_then(|asked| Duration::try_from_secs_f64(asked).ok());
                self.delay = self.delay.max(asked.unwrap_or_default().min(LONGEST));
            }
            // An empty value is no rule.
            _ if value.is_empty() => {}
            _ => self.rules.push((Pattern::new(value), key == "allow")),
        }
    }

    /// Whether an address may be fetched: the longest pattern that fits decides, `allow` among equals.
    pub(crate) fn allows(&self, url: &Url) -> bool {
        let path = path(url);
        let fitting = self.rules.iter().filter(|(pattern, _)| pattern.fits(&path));
        let longest = fitting.max_by_key(|(pattern, allow)| (pattern.length, *allow));
        url.path() == "/robots.txt" || longest.is_none_or(|(_, allow)| *allow)
    }
}

/// As many whole lines as are read.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    if bytes.len() <= MAX_BYTES {
        return bytes;
    }
    let head = &bytes[..MAX_BYTES];
    let end = head.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
    &head[..end.unwrap_or(MAX_BYTES)]
}

/// The product token of an agent, by which robots.txt calls it (RFC 9309, 2.2.1).
fn token(agent: &str) -> String {
    let end = agent.find(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '-' | '_')));
    agent[..end.unwrap_or(agent.len())].to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allows(robots: &str, path: &str) -> bool {
        let url = Url::parse("https://a.example/").unwrap().join(path).unwrap();
        Robots::parse(robots.as_bytes(), "biotope").allows(&url)
    }

    #[test]
    fn the_examples_of_the_standard() {
        // RFC 9309, 5.1: our group alone counts, and one empty rule is none.
        let groups = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\
                      User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\n\
                      User-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\
                      User-Agent: quxbot\n\nEOF";
        let url = |path: &str| Url::parse("https://a.example").unwrap().join(path).unwrap();
        let allows = |agent: &str, path: &str| Robots::parse(groups.as_bytes(), agent).allows(&url(path));
        assert!(
            !allows("other", "/a.gif") && !allows("other", "/example/") && allows("other", "/publications/")
        );
        assert!(!allows("FooBot/2.1", "/other") && allows("foobot", "/example/page.html"));
        assert!(!allows("bazbot", "/example/page.html") && allows("barbot", "/a.gif"));
        assert!(allows("quxbot", "/a.gif"));
        // 5.2: the longest match.
        let longest = "User-Agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif";
        assert!(!self::allows(longest, "/example/page/disallowed.gif"));
        assert!(self::allows(longest, "/example/page/other.gif"));
    }

    #[test]
    fn wildcards_ends_encodings_and_ties() {
        assert!(!allows("user-agent: *\ndisallow: /a*b$", "/axxbxb"));
        assert!(allows("user-agent: *\ndisallow: /a*b$", "/axxbc"));
        assert!(!allows("user-agent: *\ndisallow: /新闻/", "/%E6%96%B0%e9%97%bb/1"));
        assert!(!allows("user-agent: *\ndisallow: /%7Ejoe", "/~joe/index.html"));
        assert!(allows("user-agent: *\ndisallow: /a\nallow: /a", "/a"));
        assert!(!allows("user-agent: *\ndisallow: /*?print=", "/x?print=1"));
        assert!(allows("user-agent: *\ndisallow: /", "/robots.txt"));
        assert!(allows("<html>no rules: here</html>", "/x"));
    }

    #[test]
    fn delay_and_sitemaps() {
        let text = "Sitemap: https://a.example/s.xml\nUser-agent: *\nCrawl-delay: 2.5\nUser-agent: x\nCrawl-delay: 9";
        let robots = Robots::parse(text.as_bytes(), "biotope");
        assert_eq!((robots.delay, robots.sitemaps.len()), (Duration::from_millis(2500), 1));
        for nonsense in ["-1", "nan", "1e300", "soon"] {
            let robots = Robots::parse(format!("user-agent:*\ncrawl-delay:{nonsense}").as_bytes(), "b");
            assert!(robots.delay <= LONGEST, "{nonsense}");
        }
    }

    #[test]
    fn of_a_hundred_megabytes_the_beginning_is_read() {
        let mut text = b"user-agent: *\ndisallow: /first/\n".to_vec();
        text.extend(b"disallow: /filler/of/a/long/kind/\n".repeat(3 << 20));
        text.extend(b"disallow: /last/\n");
        assert!(text.len() > 100 << 20);
        let robots = Robots::parse(&text, "biotope");
        assert!(robots.rules.len() < 20_000);
        let url = |path: &str| Url::parse("https://a.example").unwrap().join(path).unwrap();
        assert!(!robots.allows(&url("/first/1")) && robots.allows(&url("/last/1")));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), path in "[/a-z*$%?é]{0,30}") {
            let robots = Robots::parse(&[b"user-agent: *\ndisallow: ".as_slice(), &bytes].concat(), "biotope");
            if let Ok(url) = Url::parse("https://a.example/").unwrap().join(&path) {
                robots.allows(&url);
            }
        }

        #[test]
        fn a_pattern_fits_as_the_regular_expression_of_the_same_meaning(
            pattern in "/[ab*]{0,8}\\$?", path in "/[ab]{0,10}"
        ) {
            let (body, end) = pattern.strip_suffix('$').map_or((pattern.as_str(), ""), |body| (body, "$"));
            let meaning = regex::Regex::new(&format!("^{}{end}", body.replace('*', ".*"))).unwrap();
            prop_assert_eq!(Pattern::new(&pattern).fits(&path), meaning.is_match(&path));
        }
    }
}
