//! The Indian permanent account number of taxpayers.

use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const IN_PAN: Recognizer = Recognizer {
    name: "in-pan",
    kind: "IN_PAN",
    summary: "Indian taxpayer number: five letters, four digits, a letter; the fourth says who holds it",
    source: "Income Tax Department of India, structure of PAN",
    words: &["pan", "permanent account number", "pan card", "income tax"],
    find: Find::Shapes(&[shape("AAAAA9999A", 0.08)], Some(Check { name: "holder letter", holds })),
};

fn holds(characters: &[u8]) -> bool {
    b"ABCFGHJLPT".contains(&characters[3])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn the_fourth_letter_counts() {
        finds("IN_PAN", &["PAN: ^ABCPE1234F^"]);
        ignores("IN_PAN", &["seat ABCPE1234F", "PAN: ABCDE1234F", "order id ABCPE1234F"]);
    }
}
