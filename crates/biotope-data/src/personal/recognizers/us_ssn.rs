//! The US social security number.

use super::super::checks::number;
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const US_SSN: Recognizer = Recognizer {
    name: "us-ssn",
    kind: "US_SSN",
    summary: "US social security number: areas, groups and serials as issued",
    source: "Social Security Administration, POMS RM 10201",
    words: &["ssn", "ssns", "social security", "social security number", "social security no", "soc sec"],
    find: Find::Shapes(
        &[
            shape("999-99-9999", 0.2),
            shape("999 99 9999", 0.05),
            shape("999.99.9999", 0.05),
            shape("999999999", 0.05),
        ],
        Some(Check { name: "areas as issued", holds }),
    ),
};

/// Never issued: area 000, 666 and 900 on, group 00, serial 0000; and the two of advertisements.
fn holds(digits: &[u8]) -> bool {
    let area = number(&digits[..3]);
    area != 0
        && area != 666
        && area < 900
        && &digits[3..5] != b"00"
        && &digits[5..] != b"0000"
        && !matches!(digits, b"078051120" | b"219099999" | b"123456789")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn numbers_that_are_not_issued_are_none() {
        finds(
            "US_SSN",
            &[
                "Here's my SSN: ^536-32-3065^",
                "^536-32-3065^",
                "social security no. ^536323065^",
                "SSN ^536 32 3065^",
            ],
        );
        ignores(
            "US_SSN",
            &[
                "SSN 000-32-3065",
                "666-32-3065",
                "936-32-3065",
                "536-00-3065",
                "536-32-0000",
                "536323065",
                "1536-32-3065",
            ],
        );
        ignores("US_SSN", &["a lesson on 536323065", "536-32-30651", "order number 536323065"]);
    }
}
