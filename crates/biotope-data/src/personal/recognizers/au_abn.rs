//! The Australian business number.

use super::super::checks::weighted;
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const AU_ABN: Recognizer = Recognizer {
    name: "au-abn",
    kind: "AU_ABN",
    summary: "Australian business number: 11 digits, weights mod 89",
    source: "Australian Business Register, Format of the ABN",
    words: &["abn", "australian business number", "business number"],
    find: Find::Shapes(
        &[shape("99 999 999 999", 0.2), shape("99999999999", 0.05)],
        Some(Check { name: "mod 89", holds }),
    ),
};

/// The first digit less one; the weighted sum divides by 89.
fn holds(digits: &[u8]) -> bool {
    let weights = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
    digits[0] != b'0' && (weighted(digits, &weights) - 10).is_multiple_of(89)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn the_offices_own_number_is_found_and_a_neighbour_is_not() {
        finds("AU_ABN", &["ABN ^51 824 753 556^", "ABN: ^51824753556^.", "see ^51 824 753 556^"]);
        ignores("AU_ABN", &["ABN 51 824 753 557", "51824753556 sheep"]);
    }
}
