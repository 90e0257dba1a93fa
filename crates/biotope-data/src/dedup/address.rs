//! One spelling of an address: what two links to the same page have in common.

use url::Url;

/// Parameters that say where a reader came from, not what is read.
const TRACKING: &[&str] = &[
    "fbclid",
    "gclid",
    "dclid",
    "msclkid",
    "yclid",
    "igshid",
    "mc_cid",
    "mc_eid",
    "ocid",
    "spm",
    "from",
    "ref",
    "ref_src",
    "cmpid",
    "ncid",
    "sr_share",
    "share_token",
    "_ga",
];

/// The canonical form of an HTTP address, `None` for anything else: no scheme, host in lower case without `www.`, no
/// default port, no fragment, no tracking parameters, parameters sorted, no slash at the end, no `index.html`.
pub(crate) fn canonical(source: &str) -> Option<String> {
    let url = Url::parse(source).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host = url.host_str()?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    let path = url.path();
    let file = path.rsplit('/').next().unwrap_or("");
    let path = if matches!(file, "index.html" | "index.htm" | "index.php") {
        &path[..path.len() - file.len()]
    } else {
        path
    };
    let mut pairs: Vec<String> = url
        .query_pairs()
        .filter(|(name, _)| !name.starts_with("utm_") && !TRACKING.contains(&name.as_ref()))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.sort_unstable();
    let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
    Some(format!("{host}{port}{}{query}", path.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_the_same_page_is_the_same() {
        let page = canonical("https://www.News.example/a/1?id=7&b=2").unwrap();
        assert_eq!(page, "news.example/a/1?b=2&id=7");
        for same in [
            "http://news.example:80/a/1/?b=2&id=7&utm_source=x#top",
            "https://news.example/a/1?fbclid=9&id=7&b=2",
        ] {
            assert_eq!(canonical(same).unwrap(), page, "{same}");
        }
        assert_eq!(canonical("https://news.example/index.html"), canonical("https://news.example"));
        assert_eq!(
            canonical("https://例子.example/新闻"),
            canonical("https://xn--fsqu00a.example/%E6%96%B0%E9%97%BB")
        );
        assert_eq!(canonical("file:a.csv#1"), None);
    }
}
