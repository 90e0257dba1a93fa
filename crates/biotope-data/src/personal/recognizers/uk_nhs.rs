//! The number of the British health service.

use super::super::checks::{is_uniform, value, weighted};
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const UK_NHS: Recognizer = Recognizer {
    name: "uk-nhs",
    kind: "UK_NHS",
    summary: "NHS number: 10 digits, mod 11",
    source: "NHS Data Dictionary, NHS NUMBER",
    words: &["nhs", "nhs number", "national health service"],
    find: Find::Shapes(
        &[shape("999 999 9999", 0.05), shape("999-999-9999", 0.05), shape("9999999999", 0.05)],
        Some(Check { name: "mod 11", holds }),
    ),
};

fn holds(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]);
    (11 - sum % 11) % 11 == value(digits[9]) && !is_uniform(digits)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn it_needs_check_and_word() {
        finds("UK_NHS", &["NHS number ^943 476 5919^", "NHS: ^9434765919^"]);
        ignores("UK_NHS", &["943 476 5919 days", "NHS 943 476 5918"]);
    }
}
