//! The Chinese passport.

use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const CN_PASSPORT: Recognizer = Recognizer {
    name: "cn-passport",
    kind: "CN_PASSPORT",
    summary: "Chinese passport: E, G, D, S or P with eight characters, near its name",
    source: "GA/T 704 and the National Immigration Administration's notices on passport numbers",
    words: &["护照", "护照号", "护照号码", "护照编号", "passport", "passport no", "passport number"],
    find: Find::Shapes(
        &[shape("A99999999", 0.08), shape("AA9999999", 0.08)],
        Some(Check { name: "first letters", holds }),
    ),
};

/// E, then a letter without I and O or a digit; older ones G, and D, S, P for service and diplomatic ones.
fn holds(characters: &[u8]) -> bool {
    let second = characters[1];
    match characters[0] {
        b'E' => second.is_ascii_digit() || !matches!(second, b'I' | b'O'),
        b'G' => second.is_ascii_digit(),
        b'D' | b'S' | b'P' => second.is_ascii_digit() || second == b'E',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn it_is_told_from_product_numbers_by_its_name() {
        finds("CN_PASSPORT", &["护照号码：^E12345678^", "护照^EA1234567^已失效", "passport No. ^G12345678^"]);
        ignores(
            "CN_PASSPORT",
            &["座位E12345678，", "订单号 E12345678", "护照号码：Z12345678", "护照号 EO1234567"],
        );
    }
}
