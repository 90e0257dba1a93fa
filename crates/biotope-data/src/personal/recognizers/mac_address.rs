//! Hardware addresses of networks.

use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const MAC_ADDRESS: Recognizer = Recognizer {
    name: "mac-address",
    kind: "MAC_ADDRESS",
    summary: "MAC address: six pairs or three groups of four hexadecimal digits",
    source: "IEEE 802-2014, EUI-48",
    words: &["mac", "mac address", "ethernet", "hardware address", "物理地址", "网卡"],
    find: Find::Shapes(
        &[shape("**:**:**:**:**:**", 0.3), shape("**-**-**-**-**-**", 0.2), shape("****.****.****", 0.1)],
        Some(Check { name: "hexadecimal", holds }),
    ),
};

/// All places hexadecimal; not all the same.
fn holds(characters: &[u8]) -> bool {
    characters.iter().all(u8::is_ascii_hexdigit) && characters.windows(2).any(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn three_ways_of_writing_are_found() {
        finds("MAC_ADDRESS", &["^00:1A:2B:3C:4D:5E^", "MAC ^00-1a-2b-3c-4d-5e^", "物理地址^001a.2b3c.4d5e^"]);
        ignores(
            "MAC_ADDRESS",
            &["00:1A:2B:3C:4D:5G", "00:1A:2B:3C:4D", "FF:FF:FF:FF:FF:FF", "10-11-12-13-14-15-16"],
        );
    }
}
