//! The US passport.

use super::super::recognizer::{Find, Recognizer, shape};

/// The recogniser.
pub(crate) const US_PASSPORT: Recognizer = Recognizer {
    name: "us-passport",
    kind: "US_PASSPORT",
    summary: "US passport: nine digits or a letter and eight, near the word",
    source: "US Department of State; ICAO Doc 9303-4",
    words: &["passport", "us passport", "passport no", "passport number"],
    find: Find::Shapes(&[shape("999999999", 0.2), shape("A99999999", 0.22)], None),
};

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn it_stands_near_its_name() {
        finds("US_PASSPORT", &["passport number ^912803456^", "US passport: ^A12345678^"]);
        ignores("US_PASSPORT", &["order 912803456", "912803456"]);
    }
}
