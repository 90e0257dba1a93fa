//! Permits for travel between the mainland, Hong Kong, Macau and Taiwan.

use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const CN_TRAVEL_PERMIT: Recognizer = Recognizer {
    name: "cn-travel-permit",
    kind: "CN_TRAVEL_PERMIT",
    summary: "Permits to Hong Kong, Macau, Taiwan and home: a letter and 7 to 10 characters, near their name",
    source: "National Immigration Administration, forms of exit-entry permits",
    words: &["通行证", "港澳通行证", "往来港澳通行证", "台湾通行证", "回乡证", "台胞证", "来往内地通行证"],
    find: Find::Shapes(
        &[
            shape("A99999999", 0.08),
            shape("AA9999999", 0.08),
            shape("A9999999999", 0.08),
            shape("99999999", 0.0),
        ],
        Some(Check { name: "first letter", holds }),
    ),
};

/// C and W to Hong Kong and Macau, L and T to Taiwan, H and M home from Hong Kong and Macau; eight digits home from Taiwan.
fn holds(characters: &[u8]) -> bool {
    let home = matches!(characters[0], b'H' | b'M');
    match characters.len() {
        8 => true,
        11 => home,
        _ => home || matches!(characters[0], b'C' | b'W' | b'L' | b'T'),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn it_stands_near_its_name() {
        finds(
            "CN_TRAVEL_PERMIT",
            &["港澳通行证号C ^C12345678^", "回乡证：^H1234567890^", "台胞证^12345678^", "通行证^CA1234567^"],
        );
        ignores(
            "CN_TRAVEL_PERMIT",
            &["他在12345678次", "座位C12345678，", "型号C12345678", "通行证 Z12345678"],
        );
    }
}
