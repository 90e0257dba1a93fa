//! The Japanese individual number.

use super::super::checks::{is_uniform, value, weighted};
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const JP_MY_NUMBER: Recognizer = Recognizer {
    name: "jp-my-number",
    kind: "JP_MY_NUMBER",
    summary: "Japanese individual number: 12 digits, mod 11",
    source: "Ministry of Internal Affairs ordinance 85 of 2014, article 5",
    words: &["my number", "mynumber", "マイナンバー", "個人番号", "individual number"],
    find: Find::Shapes(
        &[shape("9999 9999 9999", 0.05), shape("9999-9999-9999", 0.05), shape("999999999999", 0.05)],
        Some(Check { name: "mod 11", holds }),
    ),
};

fn holds(digits: &[u8]) -> bool {
    let weights = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
    let rest = weighted(digits, &weights) % 11;
    let wanted = if rest <= 1 { 0 } else { 11 - rest };
    wanted == value(digits[11]) && !is_uniform(digits)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn it_needs_check_and_word() {
        finds("JP_MY_NUMBER", &["マイナンバーは^1234 5678 9018^です", "My Number: ^123456789018^"]);
        ignores("JP_MY_NUMBER", &["123456789018", "マイナンバー 123456789019"]);
    }
}
