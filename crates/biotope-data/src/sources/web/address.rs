//! Which addresses may be asked: none inside of private networks, unless allowed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Whether an address belongs to the public internet.
pub(crate) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b); // RFC 6598
    let benchmark = a == 198 && (b == 18 || b == 19); // RFC 2544
    let protocol = a == 192 && b == 0 && c == 0; // RFC 6890
    let relay = a == 192 && b == 88 && c == 99; // RFC 7526: routes of 6to4
    !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_broadcast() || ip.is_documentation())
        && !(ip.is_multicast() || a == 0 || a >= 240 || shared || benchmark || protocol || relay)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let embedded = match ip.segments() {
        // Mapped, translated (RFC 6052) and 6to4 (RFC 3056) addresses lead to the IPv4 address inside.
        [0, 0, 0, 0, 0, 0xffff, a, b] | [0x64, 0xff9b, 0, 0, 0, 0, a, b] | [0x2002, a, b, ..] => Some((a, b)),
        _ => None,
    };
    if let Some((a, b)) = embedded {
        return is_public_v4(Ipv4Addr::from((u32::from(a) << 16) | u32::from(b)));
    }
    // Global unicast is 2000::/3, less Teredo and other protocols (RFC 2928) and documentation (RFC 3849, RFC 9637).
    let [first, second, ..] = ip.segments();
    let special = first == 0x2001 && (second < 0x200 || second == 0xdb8);
    first & 0xe000 == 0x2000 && !special && !(first == 0x3fff && second < 0x1000)
}

/// Why an address may not be asked, as far as it can be told without its name being resolved.
pub(crate) fn refused(url: &Url, allow_private: bool) -> Option<String> {
    if !matches!(url.scheme(), "http" | "https") {
        return Some(format!("scheme {:?} is not fetched", url.scheme()));
    }
    let private = match url.host() {
        None => return Some("no host".into()),
        Some(Host::Ipv4(ip)) => !is_public(ip.into()),
        Some(Host::Ipv6(ip)) => !is_public(ip.into()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    };
    (private && !allow_private).then(|| "private address, set allow_private = true to fetch it".to_owned())
}

/// Whether a host is this machine, which no proxy can reach for us.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Resolves names to public addresses only, at the moment of connecting, so that a name cannot change in between.
/// The hosts of the environment's proxies may be private; behind a proxy, it is the proxy that resolves names.
pub(crate) struct PublicOnly {
    proxies: Vec<String>,
}

impl PublicOnly {
    /// With the proxies that the environment names, as the HTTP client reads it.
    pub(crate) fn new() -> Self {
        let names = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
        let values = names.iter().filter_map(|name| std::env::var(name).ok());
        Self { proxies: values.filter_map(|value| proxy_host(&value)).collect() }
    }
}

/// The host of a proxy, written with or without scheme.
fn proxy_host(value: &str) -> Option<String> {
    let url = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    Url::parse(&url).ok()?.host_str().map(str::to_ascii_lowercase)
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let trusted = self.proxies.contains(&name.as_str().to_ascii_lowercase());
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let lookup =
                move || (host.as_str(), 0).to_socket_addrs().map(Iterator::collect::<Vec<SocketAddr>>);
            let all = tokio::task::spawn_blocking(lookup).await??;
            let allowed = |address: &SocketAddr| trusted || is_public(address.ip());
            let public: Vec<SocketAddr> = all.into_iter().filter(allowed).collect();
            if public.is_empty() {
                return Err("the name leads to private addresses only".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_public_addresses() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "64:ff9b:1::7f00:1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "192.88.99.1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn a_name_that_leads_inside_is_not_followed_unless_it_is_the_proxy() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let resolve = |proxies: &[&str]| {
            let resolver = PublicOnly { proxies: proxies.iter().map(|name| (*name).to_owned()).collect() };
            runtime.block_on(resolver.resolve("localhost".parse().unwrap())).map(Iterator::count)
        };
        assert_eq!(resolve(&[]).unwrap_err().to_string(), "the name leads to private addresses only");
        assert!(resolve(&["localhost"]).unwrap() > 0);
        assert_eq!(proxy_host("Proxy.corp:3128").as_deref(), Some("proxy.corp"));
        assert_eq!(proxy_host("http://u:p@proxy.corp").as_deref(), Some("proxy.corp"));
    }

    #[test]
    fn odd_spellings_of_loopback_are_seen_through() {
        for odd in [
            "http://127.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://localhost./",
            "http://[::1]/",
            "file:///etc/passwd",
        ] {
            assert!(refused(&Url::parse(odd).unwrap(), false).is_some(), "{odd}");
        }
        assert_eq!(refused(&Url::parse("http://127.0.0.1:8080/").unwrap(), true), None);
    }
}
