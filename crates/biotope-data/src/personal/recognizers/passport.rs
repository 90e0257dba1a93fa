//! Passports of other states.

use super::super::recognizer::{Find, Recognizer, shape};

/// The recogniser.
pub(crate) const PASSPORT: Recognizer = Recognizer {
    name: "passport",
    kind: "PASSPORT",
    summary: "Passports in the forms of large states, near the word",
    source: "ICAO Doc 9303-4: up to nine letters and digits",
    words: &[
        "passport",
        "passport no",
        "passport number",
        "reisepass",
        "passeport",
        "pasaporte",
        "passaporto",
        "passaporte",
        "パスポート",
        "여권",
    ],
    find: Find::Shapes(
        &[
            shape("A9999999", 0.2),
            shape("AA999999", 0.2),
            shape("AA9999999", 0.2),
            shape("99AA99999", 0.2),
            shape("A99A99A99", 0.2),
            shape("A99999999", 0.2),
            shape("AAA999999", 0.2),
        ],
        None,
    ),
};

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn it_stands_near_its_name() {
        finds("PASSPORT", &["passport ^K1234567^", "Reisepass ^C01X00T47^", "passeport n° ^12AB34567^"]);
        ignores("PASSPORT", &["flight K1234567", "compassport K1234567"]);
    }
}
