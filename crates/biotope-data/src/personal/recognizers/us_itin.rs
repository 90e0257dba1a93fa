//! The taxpayer number of persons without a US social security number.

use super::super::checks::number;
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const US_ITIN: Recognizer = Recognizer {
    name: "us-itin",
    kind: "US_ITIN",
    summary: "US individual taxpayer number: 9xx, groups as issued",
    source: "IRS Publication 1915",
    words: &["itin", "taxpayer", "tax id", "individual taxpayer"],
    find: Find::Shapes(
        &[shape("999-99-9999", 0.2), shape("999 99 9999", 0.05), shape("999999999", 0.05)],
        Some(Check { name: "groups as issued", holds }),
    ),
};

fn holds(digits: &[u8]) -> bool {
    digits[0] == b'9' && matches!(number(&digits[3..5]), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn groups_that_are_not_issued_are_no_numbers() {
        finds("US_ITIN", &["^912-72-1234^", "ITIN ^912721234^"]);
        ignores("US_ITIN", &["912-69-1234", "812-72-1234", "912721234"]);
    }
}
