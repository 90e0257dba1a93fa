//! Internet addresses of both versions.

use std::net::Ipv6Addr;

use super::super::page::Page;
use super::super::recognizer::{Candidate, Find, Recognizer, View};

/// The recogniser.
pub(crate) const IP_ADDRESS: Recognizer = Recognizer {
    name: "ip-address",
    kind: "IP_ADDRESS",
    summary: "IPv4 and IPv6 address, in all forms of RFC 4291, with zone",
    source: "RFC 791, RFC 4291, RFC 4007",
    words: &[
        "ip",
        "ipv4",
        "ipv6",
        "ip address",
        "address",
        "host",
        "server",
        "subnet",
        "gateway",
        "ping",
        "blocked",
        "地址",
        "服务器",
        "主机",
    ],
    find: Find::Scan(scan),
};

/// Longest text of an IPv6 address with an IPv4 tail.
const LONGEST: usize = 45;

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    let page = view.page;
    found.extend(page.tokens.iter().filter_map(|token| version4(page, token.start)));
    let mut done = 0;
    for colon in &page.colons {
        if *colon >= done
            && let Some(candidate) = version6(page, *colon)
        {
            done = candidate.end;
            found.push(candidate);
        }
    }
}

/// Four numbers up to 255 without zeros in front.
fn version4(page: &Page<'_>, start: usize) -> Option<Candidate> {
    let bytes = page.bytes();
    let mut end = start;
    let mut largest = 0;
    for part in 0..4 {
        let digits = bytes[end..].iter().take(4).take_while(|b| b.is_ascii_digit()).count();
        let number = &bytes[end..end + digits];
        let value = number.iter().fold(0_u32, |sum, d| sum * 10 + u32::from(d - b'0'));
        let good = (1..=3).contains(&digits) && value <= 255 && (digits == 1 || number[0] != b'0');
        if !good || (part < 3 && bytes.get(end + digits) != Some(&b'.')) {
            return None;
        }
        largest = largest.max(value);
        end += digits + usize::from(part < 3);
    }
    // `1.2.3.4` is more often a version or a section.
    let base = if largest < 10 { 0.4 } else { 0.6 };
    let slash = page.after(end) == Some('/');
    let alone = page.opens(start) && (slash || page.closes(end)) && page.before(start) != Some('-');
    alone.then(|| Candidate::new(start, end, "four bytes", base))
}

/// The address of version 6 around a colon.
fn version6(page: &Page<'_>, colon: usize) -> Option<Candidate> {
    let bytes = page.bytes();
    let part = |b: &&u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let left = bytes[..colon].iter().rev().take(LONGEST).take_while(|b| part(b) && **b != b'.').count();
    let mut start = colon - left;
    let right = bytes[colon..].iter().take(LONGEST).take_while(part).count();
    // `address: ::1` and `地址:2001:db8::1` begin behind the first colon.
    let label = bytes[start] == b':' && bytes.get(start + 1) != Some(&b':');
    start += usize::from(label);
    let run = page.text()[start..colon + right].trim_end_matches('.');
    let run = if run.ends_with("::") { run } else { run.trim_end_matches(':') };
    let address: Ipv6Addr = run.parse().ok()?;
    let mut end = start + run.len();
    let is_tail = |c: char| c.is_alphanumeric() || c == '_';
    if page.before(start).is_some_and(|c| c.is_ascii_alphanumeric() || (c == ':' && !label))
        || (end < bytes.len() && bytes[end].is_ascii_alphanumeric())
    {
        return None;
    }
    if let Some(zone) = page.text()[end..].strip_prefix('%') {
        let length = zone.bytes().take_while(|b| is_tail(char::from(*b)) && b.is_ascii()).count();
        end += if length > 0 { 1 + length } else { 0 };
    }
    let groups = run.split(':').filter(|group| !group.is_empty()).count();
    let sure = run.bytes().any(|b| b.is_ascii_digit()) && (groups >= 3 || run.contains('.'));
    (!address.is_unspecified())
        .then(|| Candidate::new(start, end, "groups of sixteen bits", if sure { 0.7 } else { 0.3 }))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn all_forms_are_found() {
        finds(
            "IP_ADDRESS",
            &[
                "from ^192.168.100.200^, blocked",
                "^10.218.6.131^:8080 and ^10.0.0.0^/8",
                "地址^86.231.85.193^。",
                "IP ^8.8.8.8^",
            ],
        );
        finds(
            "IP_ADDRESS",
            &[
                "^2001:db8:0:1:1:1:1:1^",
                "^2001:db8::8:800:200c:417a^.",
                "[^FF01::101:1^]:443",
                "host ^::1^",
                "address ^::ffff:129.144.52.38^",
            ],
        );
        finds(
            "IP_ADDRESS",
            &[
                "keep getting address ^d80:e4b5:79da:6cf6:71f3:51f7:9161:c319^ blocked",
                "^fe80::1ff:fe23:4567:890a%eth2^",
                "服务器：^2001:db8::ff00:42:8329^，",
            ],
        );
    }

    #[test]
    fn times_versions_and_code_are_not() {
        ignores(
            "IP_ADDRESS",
            &[
                "at 12:34:56",
                "version 1.2.3.4",
                "std::vector a::b",
                "1.2.3.4.5",
                "256.1.1.1",
                "section 3.2.1.4",
                "ratio 1:2:3",
                "v10.20.30.40",
                "release 10.20.30.40",
                "::",
            ],
        );
        ignores("IP_ADDRESS", &["00:1A:2B:3C:4D:5E", "版本10.12.13.14", "10.20.030.40"]);
    }
}
