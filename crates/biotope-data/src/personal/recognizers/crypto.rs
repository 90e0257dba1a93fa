//! Addresses of crypto currencies.

use sha2::{Digest as _, Sha256};

use super::super::page::Token;
use super::super::recognizer::{Candidate, Find, Recognizer, View};

/// The recogniser.
pub(crate) const CRYPTO: Recognizer = Recognizer {
    name: "crypto",
    kind: "CRYPTO",
    summary: "Bitcoin address (Base58Check or Bech32) and Ethereum address",
    source: "Bitcoin Base58Check; BIP 173 and BIP 350; Ethereum Yellow Paper",
    words: &["bitcoin", "btc", "wallet", "ethereum", "eth", "crypto", "比特币", "钱包"],
    find: Find::Scan(scan),
};

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    let page = view.page;
    let whole = |t: &&Token| (26..=90).contains(&t.len()) && page.opens(t.start) && page.closes(t.end);
    for token in page.tokens.iter().filter(whole) {
        let text = &page.text()[token.start..token.end];
        let new = |name| Candidate::new(token.start, token.end, name, 0.5).alone();
        if text.len() <= 35 && text.starts_with(['1', '3']) && base58check(text) {
            found.push(new("Bitcoin, Base58").validated("double SHA-256"));
        } else if bech32(text) {
            found.push(new("Bitcoin, Bech32").validated("BCH code"));
        } else if text.len() == 42
            && text.starts_with("0x")
            && text[2..].bytes().all(|b| b.is_ascii_hexdigit())
        {
            found.push(new("0x and 40 hexadecimal digits"));
        }
    }
}

/// 25 bytes, the last four of which are the beginning of the doubled SHA-256 of the others.
fn base58check(text: &str) -> bool {
    const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = [0_u8; 25];
    for c in text.bytes() {
        let Some(digit) = ALPHABET.iter().position(|a| *a == c) else { return false };
        let mut carry = digit;
        for byte in bytes.iter_mut().rev() {
            carry += 58 * usize::from(*byte);
            *byte = (carry % 256) as u8;
            carry /= 256;
        }
        if carry > 0 {
            return false;
        }
    }
    Sha256::digest(Sha256::digest(&bytes[..21]))[..4] == bytes[21..]
}

/// Human part `bc` or `tb`, checked by the BCH code of BIP 173, with either constant.
fn bech32(text: &str) -> bool {
    const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let lower = text.to_ascii_lowercase();
    let one_case = lower == text || text.to_ascii_uppercase() == text;
    let Some(human @ ("bc" | "tb")) = lower.get(..2).filter(|_| one_case && lower.as_bytes()[2] == b'1')
    else {
        return false;
    };
    let high = human.bytes().map(|b| u32::from(b) >> 5);
    let low = human.bytes().map(|b| u32::from(b) & 31);
    let mut sum = 1_u32;
    let mut add = |value: u32| {
        let top = sum >> 25;
        sum = ((sum & 0x1ff_ffff) << 5) ^ value;
        (0..5).filter(|bit| top >> bit & 1 == 1).for_each(|bit| sum ^= GENERATOR[bit]);
    };
    high.chain([0]).chain(low).for_each(&mut add);
    for c in lower[3..].bytes() {
        let Some(value) = ALPHABET.iter().position(|a| *a == c) else { return false };
        add(value as u32);
    }
    matches!(sum, 1 | 0x2bc8_30a3)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    /// The genesis block's address and the examples of BIP 173 and BIP 350.
    #[test]
    fn published_addresses_are_found() {
        finds(
            "CRYPTO",
            &[
                "to ^1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa^",
                "^bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4^",
                "比特币^BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4^",
            ],
        );
        finds(
            "CRYPTO",
            &[
                "^bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0^",
                "^0x00000000219ab540356cBB839Cbe05303d7705Fa^",
            ],
        );
        ignores(
            "CRYPTO",
            &[
                "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
                "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
                "0x00000000219ab540356cBB839Cbe05303d7705F",
            ],
        );
    }
}
