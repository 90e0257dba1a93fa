//! Which addresses a page may be fetched from.
//!
//! The guard is the client's own resolver, so the address that was judged is the address that is
//! connected to: a name that answers differently the second time gains nothing (DNS rebinding).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name that has no address which may be connected to.
#[derive(Debug, thiserror::Error)]
#[error("private address")]
pub(super) struct Refused;

/// The rule, and the hosts that are exempt from it.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    exempt: Arc<BTreeSet<String>>,
}

impl Guard {
    pub(super) fn new(exempt: &[String]) -> Self {
        Self { exempt: Arc::new(exempt.iter().map(|host| host.to_ascii_lowercase()).collect()) }
    }

    /// Whether an address may be connected to under this name.
    pub(super) fn lets(&self, host: &str, ip: IpAddr) -> bool {
        is_public(ip) || self.exempt.contains("*") || self.exempt.contains(&host.to_ascii_lowercase())
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addrs: Vec<SocketAddr> = found.filter(|addr| guard.lets(name.as_str(), addr.ip())).collect();
            if addrs.is_empty() { Err(Refused.into()) } else { Ok(Box::new(addrs.into_iter()) as Addrs) }
        })
    }
}

/// Whether an address belongs to the public internet (IANA special-purpose registries, RFC 6890).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => embedded(ip).map_or_else(|| is_public_v6(ip), is_public_v4),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || matches!((a, b, c), (0 | 240..=255, _, _) | (100, 64..=127, _) | (192, 0, 0) | (198, 18 | 19, _));
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    // Only 2000::/3 is given out; in it, documentation, Teredo and other protocol blocks are special.
    first & 0xE000 == 0x2000 && !(first == 0x2001 && (second < 0x0200 || second == 0x0DB8)) && first != 0x3FFF
}

/// The IPv4 address inside: mapped, compatible, NAT64, 6to4.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = ip.segments();
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0 | 0xFFFF, high, low] | [0x64, 0xFF9B, 0, 0, 0, 0, high, low] => {
            Some(join(high, low))
        }
        [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_in_all_their_disguises() {
        for ip in [
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "fec0::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn public_addresses() {
        for ip in
            ["1.1.1.1", "93.184.215.14", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "2a00:1450::5"]
        {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn exempt_hosts_are_meant_by_name() {
        let guard = Guard::new(&["CMS.intranet".into()]);
        let ip = "10.0.0.1".parse().unwrap();
        assert!(guard.lets("cms.intranet", ip));
        assert!(!guard.lets("10.0.0.1", ip));
        assert!(Guard::new(&["*".into()]).lets("x", ip));
    }
}
