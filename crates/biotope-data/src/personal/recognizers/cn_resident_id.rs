//! The Chinese resident identity number.

use super::super::checks::{is_date, is_day, number, value};
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const CN_RESIDENT_ID: Recognizer = Recognizer {
    name: "cn-resident-id",
    kind: "CN_RESIDENT_ID",
    summary: "Chinese resident identity number: region, date of birth, MOD 11-2; the old form of 15 digits near its name",
    source: "GB 11643-1999, ISO/IEC 7064 MOD 11-2",
    words: &[
        "身份证",
        "身份证号",
        "身份证号码",
        "证件号",
        "证件号码",
        "公民身份号码",
        "居民身份证",
        "身份号码",
        "id card",
        "identity card",
        "identity number",
        "id number",
    ],
    find: Find::Shapes(
        &[
            shape("99999999999999999*", 0.5),
            shape("999999~99999999~999*", 0.4),
            shape("999999999999999", 0.05),
        ],
        Some(Check { name: "region, date and MOD 11-2", holds }),
    ),
};

fn holds(characters: &[u8]) -> bool {
    match characters.len() {
        15 => is_region(characters) && is_day(number(&characters[8..10]), number(&characters[10..12])),
        _ => is_region(characters) && is_born(characters) && mod11_2(characters),
    }
}

/// The first two digits name a province (GB/T 2260).
pub(super) fn is_region(digits: &[u8]) -> bool {
    matches!(number(&digits[..2]), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 91)
}

fn is_born(digits: &[u8]) -> bool {
    let year = number(&digits[6..10]);
    (1850..=2099).contains(&year) && is_date(year, number(&digits[10..12]), number(&digits[12..14]))
}

/// ISO/IEC 7064 MOD 11-2: X stands for ten.
fn mod11_2(characters: &[u8]) -> bool {
    let (check, body) = (characters[17], &characters[..17]);
    let rest = body.iter().fold(0, |rest, d| (rest + value(*d)) * 2 % 11);
    let wanted = (12 - rest) % 11;
    (wanted == 10 && check == b'X') || (check.is_ascii_digit() && value(check) == wanted)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn region_date_and_check_character_count() {
        finds(
            "CN_RESIDENT_ID",
            &["身份证号^11010519491231002X^，", "^11010519491231002x^", "号码为^440524 18800101 0014^的"],
        );
        finds("CN_RESIDENT_ID", &["身份证：^110105491231002^。", "公民身份号码^110105 19491231 002X^"]);
        ignores(
            "CN_RESIDENT_ID",
            &["110105194912310021", "11010519491331002X", "99010519491231002X", "订单110105491231002"],
        );
    }
}
