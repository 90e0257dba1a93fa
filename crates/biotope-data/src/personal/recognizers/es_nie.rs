//! The Spanish number of foreigners.

use super::super::checks::number;
use super::super::recognizer::{Check, Find, Recognizer, shape};
use super::es_nif::letter;

/// The recogniser.
pub(crate) const ES_NIE: Recognizer = Recognizer {
    name: "es-nie",
    kind: "ES_NIE",
    summary: "Spanish foreigner number: X, Y or Z, seven digits, a letter mod 23",
    source: "Real Decreto 557/2011; Ministerio del Interior, cálculo del dígito de control",
    words: &["nie", "número de identidad de extranjero"],
    find: Find::Shapes(
        &[shape("A9999999A", 0.2), shape("A9999999-A", 0.2), shape("A-9999999-A", 0.3)],
        Some(Check { name: "letter mod 23", holds }),
    ),
};

fn holds(characters: &[u8]) -> bool {
    let first = match characters[0] {
        letter @ b'X'..=b'Z' => u32::from(letter - b'X'),
        _ => return false,
    };
    letter(first * 10_000_000 + number(&characters[1..8])) == characters[8]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn the_letter_must_fit() {
        finds("ES_NIE", &["NIE ^X1234567L^", "^Y1234567X^", "^Z-1234567-R^"]);
        ignores("ES_NIE", &["X1234567M", "A1234567L"]);
    }
}
