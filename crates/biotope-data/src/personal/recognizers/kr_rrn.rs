//! The South Korean resident registration number.

use super::super::checks::{is_day, number};
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const KR_RRN: Recognizer = Recognizer {
    name: "kr-rrn",
    kind: "KR_RRN",
    summary: "South Korean resident registration number: date of birth, sex and century",
    source: "Resident Registration Act; numbers after October 2020 have no check digit",
    words: &["주민등록번호", "주민번호", "rrn", "resident registration number"],
    find: Find::Shapes(
        &[shape("999999-9999999", 0.2), shape("9999999999999", 0.05)],
        Some(Check { name: "date", holds }),
    ),
};

/// The check digit is not asked for: numbers issued since October 2020 have none.
fn holds(digits: &[u8]) -> bool {
    matches!(digits[6], b'1'..=b'8') && is_day(number(&digits[2..4]), number(&digits[4..6]))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn date_and_century_count() {
        finds(
            "KR_RRN",
            &["주민등록번호 ^900101-1234568^", "^900101-1234568^", "주민등록번호는 ^9001011234568^"],
        );
        ignores("KR_RRN", &["901301-1234568", "900101-9234568", "1700000000000"]);
    }
}
