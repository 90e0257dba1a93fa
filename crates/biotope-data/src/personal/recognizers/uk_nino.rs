//! The British national insurance number.

use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const UK_NINO: Recognizer = Recognizer {
    name: "uk-nino",
    kind: "UK_NINO",
    summary: "British national insurance number: two letters, six digits, a letter from A to D",
    source: "HMRC, National Insurance Manual NIM39110",
    words: &["national insurance", "national insurance number", "ni number", "nino"],
    find: Find::Shapes(
        &[
            shape("AA999999A", 0.2),
            shape("AA 99 99 99 A", 0.3),
            shape("AA-99-99-99-A", 0.3),
            shape("AA 999999 A", 0.25),
        ],
        Some(Check { name: "prefix and suffix", holds }),
    ),
};

fn holds(characters: &[u8]) -> bool {
    let (first, second, last) = (characters[0], characters[1], characters[8]);
    let never: [&[u8]; 7] = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];
    !b"DFIQUV".contains(&first)
        && !b"DFIOQUV".contains(&second)
        && !never.contains(&&characters[..2])
        && (b'A'..=b'D').contains(&last)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn prefixes_that_are_not_issued_are_no_numbers() {
        finds("UK_NINO", &["^AB123456C^", "NI number ^AB 12 34 56 C^", "^ab123456c^"]);
        ignores("UK_NINO", &["BG123456C", "AB123456E", "order number AB123456C", "DA123456C"]);
    }
}
