//! Which addresses may be asked, and which redirects followed.

use url::Url;

use crate::error::{Error, Result};

/// `https:` always, `http:` to this machine or where it was allowed, nothing else.
pub(crate) fn check_scheme(url: &Url, allow_http: bool, label: &str) -> Result<()> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if allow_http || is_loopback(url) => Ok(()),
        "http" => Err(Error::Forbidden {
            spec: label.to_owned(),
            rule: "plain http may only be used to reach this machine".to_owned(),
        }),
        _ => Err(Error::Forbidden { spec: label.to_owned(), rule: "neither https nor http".to_owned() }),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Where a redirect leads, if it may be followed.
pub(super) fn redirected(from: &Url, to: &str, label: &str) -> Result<Url> {
    let rule = |rule: &str| Error::Forbidden { spec: label.to_owned(), rule: rule.to_owned() };
    let to = from.join(to).map_err(|_| rule("redirected to what is no address"))?;
    if from.scheme() == "https" && to.scheme() != "https" {
        return Err(rule("redirected from https to an unprotected address"));
    }
    // A page of the network must not make this machine ask its own services.
    if !is_loopback(from) && is_loopback(&to) {
        return Err(rule("redirected to this machine"));
    }
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn plain_http_reaches_this_machine_only() {
        for (address, fine) in [
            ("https://host.example", true),
            ("http://127.0.0.1:8", true),
            ("http://[::1]:8", true),
            ("http://localhost", true),
            ("http://localhost.example", false),
            ("http://10.0.0.1", false),
            ("ftp://localhost", false),
        ] {
            assert_eq!(check_scheme(&url(address), false, "x").is_ok(), fine, "{address}");
        }
        assert!(check_scheme(&url("http://10.0.0.1"), true, "x").is_ok());
        let error = check_scheme(&url("http://host.example"), false, "http://host.example/a").unwrap_err();
        let text = "http://host.example/a: plain http may only be used to reach this machine";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn redirects_never_lose_protection() {
        let to = |from: &str, to: &str| {
            redirected(&url(from), to, "x").map(String::from).map_err(|e| e.to_string())
        };
        assert_eq!(to("https://a.example/b/c", "../d"), Ok("https://a.example/d".into()));
        assert_eq!(
            to("https://a.example", "http://a.example"),
            Err("x: redirected from https to an unprotected address".into())
        );
        assert_eq!(to("https://a.example", "https://127.0.0.1"), Err("x: redirected to this machine".into()));
    }
}
