//! The Swedish personal number.

use super::super::checks::{is_day, luhn, number};
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const SE_PERSONNUMMER: Recognizer = Recognizer {
    name: "se-personnummer",
    kind: "SE_PERSONNUMMER",
    summary: "Swedish personal number: date of birth, Luhn",
    source: "Folkbokföringslagen (1991:481), § 18",
    words: &["personnummer", "personal number", "samordningsnummer"],
    find: Find::Shapes(
        &[
            shape("999999-9999", 0.2),
            shape("999999+9999", 0.2),
            shape("99999999-9999", 0.3),
            shape("9999999999", 0.05),
            shape("999999999999", 0.05),
        ],
        Some(Check { name: "date and Luhn", holds }),
    ),
};

/// Coordination numbers add 60 to the day.
fn holds(digits: &[u8]) -> bool {
    let short = &digits[digits.len() - 10..];
    let day = number(&short[4..6]);
    let century = digits.len() == 10 || matches!(&digits[..2], b"18" | b"19" | b"20");
    century && is_day(number(&short[2..4]), if day > 60 { day - 60 } else { day }) && luhn(short)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn date_and_check_digit_count() {
        finds("SE_PERSONNUMMER", &["^811218-9876^", "personnummer ^19811218-9876^", "^811278-9873^"]);
        ignores("SE_PERSONNUMMER", &["811218-9875", "811318-9876", "8112189876"]);
    }
}
