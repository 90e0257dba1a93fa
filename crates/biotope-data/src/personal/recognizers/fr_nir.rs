//! The French number of social security.

use super::super::checks::{number, value};
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const FR_NIR: Recognizer = Recognizer {
    name: "fr-nir",
    kind: "FR_NIR",
    summary: "French social security number: sex, month, department, key mod 97",
    source: "Décret 82-103; INSEE, NIR",
    words: &["nir", "sécurité sociale", "numéro de sécurité sociale", "sécu", "insee", "social security"],
    find: Find::Shapes(
        &[
            shape("9 99 99 ** 999 999 99", 0.4),
            shape("99999**99999999", 0.3),
            shape("99999**999999 99", 0.35),
        ],
        Some(Check { name: "key mod 97", holds }),
    ),
};

/// Corsica's 2A and 2B count as 19 and 18.
fn holds(characters: &[u8]) -> bool {
    if characters.len() != 15 || !matches!(characters[0], b'1'..=b'4' | b'7' | b'8') {
        return false;
    }
    let mut digits = [0; 13];
    digits.copy_from_slice(&characters[..13]);
    match &characters[5..7] {
        b"2A" => digits[5..7].copy_from_slice(b"19"),
        b"2B" => digits[5..7].copy_from_slice(b"18"),
        department if department.iter().all(u8::is_ascii_digit) => {}
        _ => return false,
    }
    let rest = digits.iter().fold(0, |rest, d| (rest * 10 + value(*d)) % 97);
    let month = number(&digits[3..5]);
    matches!(month, 1..=12 | 20 | 30..=42 | 50..=99) && 97 - rest == number(&characters[13..])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn key_and_month_count() {
        finds("FR_NIR", &["^2 55 08 14 168 025 38^", "NIR ^255081416802538^", "^180062A00100243^"]);
        ignores("FR_NIR", &["255081416802539", "2 55 18 14 168 025 38"]);
    }
}
