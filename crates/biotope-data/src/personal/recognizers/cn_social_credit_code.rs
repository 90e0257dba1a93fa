//! The Chinese unified social credit code of organisations.

use super::super::recognizer::{Check, Find, Recognizer, shape};
use super::cn_resident_id::is_region;

/// The recogniser.
pub(crate) const CN_SOCIAL_CREDIT_CODE: Recognizer = Recognizer {
    name: "cn-social-credit-code",
    kind: "CN_SOCIAL_CREDIT_CODE",
    summary: "Chinese unified social credit code: 18 characters, mod 31",
    source: "GB 32100-2015",
    words: &["统一社会信用代码", "社会信用代码", "信用代码", "税号", "纳税人识别号", "uscc", "credit code"],
    find: Find::Shapes(&[shape("******************", 0.3)], Some(Check { name: "mod 31", holds })),
};

const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Department, category, region of six digits, organisation of nine, and a check character: weights are powers of three.
fn holds(characters: &[u8]) -> bool {
    let place = |c: &u8| ALPHABET.iter().position(|a| a == c);
    let Some(values) = characters.iter().map(place).collect::<Option<Vec<usize>>>() else { return false };
    let region = &characters[2..8];
    let weights = std::iter::successors(Some(1), |w| Some(w * 3 % 31));
    let sum: usize = values[..17].iter().zip(weights).map(|(v, w)| v * w).sum();
    region.iter().all(u8::is_ascii_digit)
        && (is_region(region) || region == b"100000")
        && matches!(characters[0], b'1'..=b'9' | b'A' | b'N' | b'Y')
        && (31 - sum % 31) % 31 == values[17]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn letters_and_check_character_count() {
        finds("CN_SOCIAL_CREDIT_CODE", &["统一社会信用代码：^91350100M000100Y43^。", "^91350100m000100y43^"]);
        ignores(
            "CN_SOCIAL_CREDIT_CODE",
            &["91350100M000100Y44", "91350100O000100Y43", "订单号123456789012345678"],
        );
    }
}
