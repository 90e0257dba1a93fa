//! What must never be seen: tokens, and credentials inside URLs.

use std::fmt;

/// A token. `Debug` shows asterisks, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a token; surrounding white space is dropped. `None` if nothing is left.
    pub fn new(text: impl AsRef<str>) -> Option<Self> {
        let text = text.as_ref().trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The token itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Longest foreign text that is carried into an error, in characters.
const LONGEST: usize = 400;

/// Foreign text fit for an error: the token, user names, passwords and query strings of URLs are replaced by
/// asterisks, control characters by spaces, and the end is kept when it is long.
pub(crate) fn scrub(text: &str, token: Option<&Secret>) -> String {
    let text = match token {
        Some(token) => text.replace(token.expose(), "***"),
        None => text.to_owned(),
    };
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<String> = text.split_whitespace().map(scrub_word).collect();
    let text = words.join(" ");
    let surplus = text.chars().count().saturating_sub(LONGEST);
    if surplus == 0 { text } else { format!("...{}", text.chars().skip(surplus).collect::<String>()) }
}

/// A word that may hold a URL, without its credentials and its query.
fn scrub_word(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let rest = match credentials_end(rest) {
        Some(at) => format!("***@{}", &rest[at + 1..]),
        None => rest.to_owned(),
    };
    match rest.split_once('?') {
        Some((path, _)) => format!("{scheme}://{path}?***"),
        None => format!("{scheme}://{rest}"),
    }
}

/// Where the `@` after user name and password stands in what follows `://`.
fn credentials_end(rest: &str) -> Option<usize> {
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    if authority.contains('@') {
        return authority.rfind('@');
    }
    // `user:p/w@host`: what looks like a port is none, so an unescaped password goes on behind the slash.
    let port = authority.rsplit_once(':').map(|(_, port)| port)?;
    if port.bytes().all(|b| b.is_ascii_digit()) { None } else { rest.rfind('@') }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_shown() {
        let token = Secret::new(" hf_abc\n").unwrap();
        assert_eq!(format!("{token:?}"), "***");
        assert_eq!(scrub("denied for hf_abc", Some(&token)), "denied for ***");
        assert_eq!(Secret::new(" \n"), None);
    }

    #[test]
    fn credentials_and_queries_of_urls_are_not_shown() {
        for (text, shown) in [
            ("at https://user:pw@host/a?sig=1 end", "at https://***@host/a?*** end"),
            ("https://token@host", "https://***@host"),
            ("https://u:p/w@host/x", "https://***@host/x"),
            ("https://host/a@b/c", "https://host/a@b/c"),
            ("no url, \u{1b}[31mred", "no url, [31mred"),
        ] {
            assert_eq!(scrub(text, None), shown);
        }
    }

    #[test]
    fn of_long_text_the_end_is_kept() {
        let text = format!("{}end", "x".repeat(1000));
        let short = scrub(&text, None);
        assert!(short.starts_with("...x") && short.ends_with("end") && short.len() == 403);
    }
}
