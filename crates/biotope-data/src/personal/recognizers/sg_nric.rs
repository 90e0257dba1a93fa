//! The Singapore identity numbers of residents and foreigners.

use super::super::checks::weighted;
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const SG_NRIC: Recognizer = Recognizer {
    name: "sg-nric",
    kind: "SG_NRIC_FIN",
    summary: "Singapore NRIC and FIN: a letter, seven digits, a check letter",
    source: "Immigration and Checkpoints Authority; the published weights 2 7 6 5 4 3 2",
    words: &["nric", "fin", "singapore"],
    find: Find::Shapes(&[shape("A9999999A", 0.2)], Some(Check { name: "check letter", holds })),
};

fn holds(characters: &[u8]) -> bool {
    let (shift, letters) = match characters[0] {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"KLJNPQRTUWX"),
        _ => return false,
    };
    let rest = ((weighted(&characters[1..8], &[2, 7, 6, 5, 4, 3, 2]) + shift) % 11) as usize;
    letters[if characters[0] == b'M' { 10 - rest } else { rest }] == characters[8]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn the_check_letter_counts() {
        finds("SG_NRIC_FIN", &["NRIC ^S1234567D^", "^G1234567X^"]);
        ignores("SG_NRIC_FIN", &["S1234567E", "A1234567D"]);
    }
}
