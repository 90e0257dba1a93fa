//! The Dutch citizen service number.

use super::super::checks::{is_uniform, value, weighted};
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const NL_BSN: Recognizer = Recognizer {
    name: "nl-bsn",
    kind: "NL_BSN",
    summary: "Dutch citizen service number: 9 digits, the eleven test",
    source: "Wet algemene bepalingen burgerservicenummer; elfproef",
    words: &["bsn", "burgerservicenummer", "sofinummer", "citizen service number"],
    find: Find::Shapes(
        &[shape("999999999", 0.05), shape("9999.99.999", 0.2), shape("999 999 999", 0.05)],
        Some(Check { name: "eleven test", holds }),
    ),
};

fn holds(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2]) + 10 * value(digits[8]);
    // The last digit weighs -1, which is 10 modulo 11.
    sum.is_multiple_of(11) && !is_uniform(digits)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn it_needs_check_and_word() {
        finds("NL_BSN", &["BSN ^111222333^", "burgerservicenummer: ^1112.22.333^"]);
        ignores("NL_BSN", &["111222333", "BSN 111222334"]);
    }
}
