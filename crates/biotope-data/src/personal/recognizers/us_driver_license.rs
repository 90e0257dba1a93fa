//! US driving licences, whose forms differ by state.

use super::super::recognizer::{Candidate, Find, Recognizer, View};

/// The recogniser.
pub(crate) const US_DRIVER_LICENSE: Recognizer = Recognizer {
    name: "us-driver-license",
    kind: "US_DRIVER_LICENSE",
    summary: "US driving licence: up to three letters and 4 to 15 digits, near its name",
    source: "AAMVA DL/ID Card Design Standard; forms as the states publish them",
    words: &[
        "driver's license",
        "drivers license",
        "driver license",
        "driving license",
        "driver's licence",
        "driving licence",
        "license number",
        "licence number",
        "dl",
        "dl#",
        "dl number",
        "permit",
    ],
    find: Find::Scan(scan),
};

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    let page = view.page;
    for token in page.tokens.iter().filter(|t| (6..=16).contains(&t.len()) && t.digits >= 4) {
        let bytes = &page.bytes()[token.start..token.end];
        let head = bytes.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let tail = bytes.iter().rev().take_while(|b| b.is_ascii_alphabetic()).count();
        let middle = bytes[head..bytes.len() - tail].iter().all(u8::is_ascii_digit);
        if head <= 3 && tail <= 2 && middle && page.opens(token.start) && page.closes(token.end) {
            found.push(Candidate::new(token.start, token.end, "letters and digits", 0.2));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn it_stands_near_its_name() {
        finds(
            "US_DRIVER_LICENSE",
            &["my driver's license number is ^LH329609T^", "DL ^A1234567^", "driving licence ^341308170^."],
        );
        ignores("US_DRIVER_LICENSE", &["341308170", "flight A1234567", "driver's license expired in 2020"]);
    }
}
