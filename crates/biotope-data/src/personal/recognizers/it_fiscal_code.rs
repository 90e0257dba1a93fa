//! The Italian fiscal code.

use super::super::checks::value;
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const IT_FISCAL_CODE: Recognizer = Recognizer {
    name: "it-fiscal-code",
    kind: "IT_FISCAL_CODE",
    summary: "Italian fiscal code: 16 characters with date and check letter",
    source: "Decreto ministeriale 23 dicembre 1976, n. 13813",
    words: &["codice fiscale", "fiscal code", "cf"],
    find: Find::Shapes(&[shape("AAAAAA**A**A***A", 0.4)], Some(Check { name: "check letter", holds })),
};

/// Odd places count by this table, even ones by their place in the alphabet.
const ODD: [u32; 26] =
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

fn holds(characters: &[u8]) -> bool {
    let plain = |c: u8| if c.is_ascii_digit() { value(c) } else { value(c) - 10 };
    let worth = |(at, c): (usize, &u8)| if at % 2 == 0 { ODD[plain(*c) as usize] } else { plain(*c) };
    let sum: u32 = characters[..15].iter().enumerate().map(worth).sum();
    b"ABCDEHLMPRST".contains(&characters[8]) && sum % 26 == plain(characters[15])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn the_check_letter_counts() {
        finds("IT_FISCAL_CODE", &["^RSSMRA85T10A562S^", "codice fiscale ^rssmra85t10a562s^"]);
        ignores("IT_FISCAL_CODE", &["RSSMRA85T10A562T", "RSSMRA85F10A562S"]);
    }
}
