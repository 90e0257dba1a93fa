//! The Indian Aadhaar number.

use super::super::checks::verhoeff;
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const IN_AADHAAR: Recognizer = Recognizer {
    name: "in-aadhaar",
    kind: "IN_AADHAAR",
    summary: "Indian Aadhaar number: 12 digits from 2 on, Verhoeff",
    source: "UIDAI, Aadhaar numbering scheme (Verhoeff check)",
    words: &["aadhaar", "aadhar", "uidai", "आधार"],
    find: Find::Shapes(
        &[shape("9999 9999 9999", 0.1), shape("9999-9999-9999", 0.1), shape("999999999999", 0.05)],
        Some(Check { name: "Verhoeff", holds }),
    ),
};

fn holds(digits: &[u8]) -> bool {
    digits[0] >= b'2' && verhoeff(digits)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn the_check_digit_counts() {
        finds("IN_AADHAAR", &["Aadhaar ^2341 2341 2346^", "aadhar: ^234123412346^"]);
        ignores("IN_AADHAAR", &["Aadhaar 2341 2341 2347", "234123412346 litres"]);
    }
}
