//! The Australian tax file number.

use super::super::checks::{is_uniform, weighted};
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const AU_TFN: Recognizer = Recognizer {
    name: "au-tfn",
    kind: "AU_TFN",
    summary: "Australian tax file number: 9 digits, weights mod 11",
    source: "Australian Taxation Office, TFN algorithm",
    words: &["tfn", "tax file number", "tax file"],
    find: Find::Shapes(
        &[shape("999 999 999", 0.05), shape("999-999-999", 0.05), shape("999999999", 0.05)],
        Some(Check { name: "mod 11", holds }),
    ),
};

fn holds(digits: &[u8]) -> bool {
    weighted(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11) && !is_uniform(digits)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn it_needs_check_and_word() {
        finds("AU_TFN", &["my TFN is ^123 456 782^", "tax file number ^123456782^"]);
        ignores("AU_TFN", &["123 456 782", "TFN 123 456 783"]);
    }
}
