//! The Canadian social insurance number.

use super::super::checks::luhn;
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const CA_SIN: Recognizer = Recognizer {
    name: "ca-sin",
    kind: "CA_SIN",
    summary: "Canadian social insurance number: 9 digits, Luhn",
    source: "Employment and Social Development Canada, SIN validation",
    words: &["sin", "social insurance", "social insurance number", "numéro d'assurance sociale"],
    find: Find::Shapes(
        &[shape("999-999-999", 0.05), shape("999 999 999", 0.05), shape("999999999", 0.05)],
        Some(Check { name: "Luhn", holds }),
    ),
};

/// Numbers with 0 or 8 in front are not issued to persons.
fn holds(digits: &[u8]) -> bool {
    !matches!(digits[0], b'0' | b'8') && luhn(digits)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn it_needs_check_and_word() {
        finds("CA_SIN", &["my social insurance number: ^130 692 544^", "SIN ^130-692-544^"]);
        ignores("CA_SIN", &["130 692 544", "SIN 130-692-545", "casino 130692544"]);
    }
}
