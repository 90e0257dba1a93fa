//! The number of an Australian Medicare card.

use super::super::checks::{value, weighted};
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const AU_MEDICARE: Recognizer = Recognizer {
    name: "au-medicare",
    kind: "AU_MEDICARE",
    summary: "Australian Medicare card: 10 digits, weights mod 10",
    source: "Services Australia, Medicare card number check",
    words: &["medicare", "medicare card", "medicare number"],
    find: Find::Shapes(
        &[shape("9999 99999 9", 0.05), shape("9999999999", 0.05)],
        Some(Check { name: "mod 10", holds }),
    ),
};

/// First digit 2 to 6; the ninth checks the eight before it.
fn holds(digits: &[u8]) -> bool {
    let sum = weighted(&digits[..8], &[1, 3, 7, 9, 1, 3, 7, 9]);
    (b'2'..=b'6').contains(&digits[0]) && sum % 10 == value(digits[8])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn only_a_medicare_card_is_found() {
        finds("AU_MEDICARE", &["Medicare: ^2123 45670 1^"]);
        ignores("AU_MEDICARE", &["2123 45670 1", "Medicare: 2123 45671 1", "Medicare paid 1234567890"]);
    }
}
