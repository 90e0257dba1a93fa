//! The Polish number of the population register.

use super::super::checks::{is_day, number, value, weighted};
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const PL_PESEL: Recognizer = Recognizer {
    name: "pl-pesel",
    kind: "PL_PESEL",
    summary: "Polish PESEL: date of birth with century in the month, mod 10",
    source: "Ustawa o ewidencji ludności, art. 15",
    words: &["pesel", "numer pesel"],
    find: Find::Shapes(&[shape("99999999999", 0.05)], Some(Check { name: "date and mod 10", holds })),
};

fn holds(digits: &[u8]) -> bool {
    let sum = weighted(&digits[..10], &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
    is_day(number(&digits[2..4]) % 20, number(&digits[4..6])) && (10 - sum % 10) % 10 == value(digits[10])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn it_needs_check_and_word() {
        finds("PL_PESEL", &["PESEL: ^44051401359^"]);
        ignores("PL_PESEL", &["44051401359", "PESEL 44051401358", "PESEL 44151401350"]);
    }
}
