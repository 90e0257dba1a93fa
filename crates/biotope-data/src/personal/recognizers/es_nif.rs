//! The Spanish identity and tax number.

use super::super::checks::number;
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const ES_NIF: Recognizer = Recognizer {
    name: "es-nif",
    kind: "ES_NIF",
    summary: "Spanish identity number: eight digits and a letter mod 23",
    source: "Real Decreto 1553/2005; Ministerio del Interior, cálculo del dígito de control",
    words: &["dni", "nif", "documento nacional de identidad"],
    find: Find::Shapes(
        &[shape("99999999A", 0.2), shape("99999999-A", 0.25), shape("99.999.999-A", 0.3)],
        Some(Check { name: "letter mod 23", holds }),
    ),
};

fn holds(characters: &[u8]) -> bool {
    letter(number(&characters[..8])) == characters[8]
}

/// The control letter of a number.
pub(super) fn letter(number: u32) -> u8 {
    b"TRWAGMYFPDXBNJZSQVHLCKE"[(number % 23) as usize]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn the_letter_must_fit() {
        finds("ES_NIF", &["DNI ^12345678Z^", "^12345678-z^", "^12.345.678-Z^"]);
        ignores("ES_NIF", &["12345678A", "order number 12345678Z"]);
    }
}
