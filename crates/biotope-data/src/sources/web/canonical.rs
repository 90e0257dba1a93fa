//! One spelling for addresses that are the same (RFC 3986, 6.2), so that one page is fetched once.

use url::Url;

/// Longest address that is followed.
pub(crate) const MAX_ADDRESS: usize = 4_096;

/// Parameters that say where a reader came from and not what is read; a last `*` is any end.
pub(crate) const TRACKING: &[&str] = &[
    "utm_*", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "fbclid", "msclkid", "yclid", "twclid",
    "ttclid", "igshid", "mc_cid", "mc_eid", "_hsenc", "_hsmi", "mkt_tok", "wt_mc", "spm", "_ga", "_gl",
];

/// The address without fragment, tracking parameters, empty query and final dot of the host; percent-encodings in one
/// spelling. User and password stay: without them it may be another page. So does the order of parameters: it may
/// matter. Scheme, host, default port and dot segments are already in one spelling in a [`Url`].
pub(crate) fn canonical(mut url: Url, tracking: &[String]) -> Url {
    url.set_fragment(None);
    let path = octets(url.path());
    url.set_path(&path);
    let kept = url.query().map(|query| {
        let kept: Vec<&str> = query.split('&').filter(|pair| !is_tracking(pair, tracking)).collect();
        octets(&kept.join("&"))
    });
    url.set_query(kept.as_deref().filter(|query| !query.is_empty()));
    if let Some(host) = url.host_str().and_then(|host| host.strip_suffix('.')).map(str::to_owned) {
        // A host that is nothing but a dot stays.
        let _ = url.set_host(Some(&host));
    }
    url
}

fn is_tracking(pair: &str, tracking: &[String]) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    pair.is_empty()
        || tracking.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == known,
        })
}

/// Percent-encoding in one spelling: upper-case digits, unreserved characters as themselves (RFC 3986, 6.2.2), what is
/// not ASCII encoded.
pub(crate) fn octets(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| Some((digit(at + 1)? * 16 + digit(at + 2)?) as u8)).flatten();
        let byte = code.unwrap_or(bytes[at]);
        let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if unreserved || (code.is_none() && byte.is_ascii()) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.extend(
                [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])),
            );
        }
        at += if code.is_some() { 3 } else { 1 };
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(url: &str) -> String {
        let tracking: Vec<String> = TRACKING.iter().map(|name| (*name).to_owned()).collect();
        canonical(Url::parse(url).unwrap(), &tracking).to_string()
    }

    #[test]
    fn one_spelling() {
        for (url, expected) in [
            ("HTTP://A.Example.:80/%7Ejoe/./x/../y?#top", "http://a.example/~joe/y"),
            ("https://a.example/1?utm_source=x&id=7&fbclid=z", "https://a.example/1?id=7"),
            ("https://a.example/1?b=2&a=1&", "https://a.example/1?b=2&a=1"),
            ("https://a.example/新闻/%e5%b0%8f", "https://a.example/%E6%96%B0%E9%97%BB/%E5%B0%8F"),
            ("https://a.example/a%2fb?q=%2f", "https://a.example/a%2Fb?q=%2F"),
            ("https://a.example/100%", "https://a.example/100%"),
            ("https://me:pw@a.example/", "https://me:pw@a.example/"),
        ] {
            assert_eq!(of(url), expected, "{url}");
        }
    }

    proptest! {
        #[test]
        fn once_is_enough(path in "[ -~é新%]{0,40}") {
            if let Ok(url) = Url::parse(&format!("https://a.example/{path}")) {
                let once = of(url.as_str());
                prop_assert_eq!(of(&once), once);
            }
        }
    }
}
