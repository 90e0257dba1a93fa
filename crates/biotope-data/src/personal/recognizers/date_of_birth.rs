//! Dates of birth: a date right behind, or in Chinese right before, a word for birth.

use std::sync::LazyLock;

use regex::Regex;

use super::super::recognizer::{Candidate, Find, Recognizer, View};

/// The recogniser.
pub(crate) const DATE_OF_BIRTH: Recognizer = Recognizer {
    name: "date-of-birth",
    kind: "DATE_OF_BIRTH",
    summary: "Date near a word for birth, in numbers or with the month's name",
    source: "ISO 8601 and the usual written forms",
    words: &[
        "born",
        "born on",
        "date of birth",
        "dob",
        "d.o.b.",
        "birth date",
        "birthdate",
        "birthday",
        "geboren",
        "geburtsdatum",
        "né le",
        "née le",
        "date de naissance",
        "fecha de nacimiento",
        "出生日期",
        "出生年月",
        "出生",
        "生于",
        "生日",
        "生年月日",
    ],
    find: Find::Scan(scan),
};

/// Bytes between the word and the date.
const NEAR: usize = 32;

static DATE: LazyLock<Regex> = LazyLock::new(|| {
    let month = "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";
    Regex::new(&format!(
        r"(?i)(?-u:\b)(?:\d{{4}} ?年 ?\d{{1,2}} ?月(?: ?\d{{1,2}} ?日)?|\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:\d{{4}}|\d{{2}})|\d{{1,2}}(?:st|nd|rd|th)?\.? (?:of )?{month}\.?,? \d{{4}}|{month}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})"
    ))
    .expect("the pattern is constant")
});

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    let text = view.text();
    for (hit, word) in view.hits() {
        let behind = &text[hit.end..text.floor_char_boundary(hit.end + 2 * NEAR)];
        let date = DATE.find(behind).filter(|date| date.start() <= NEAR);
        if let Some(date) = date.filter(|date| {
            !behind[..date.start()].contains(['.', '。', ';', '；', '\n']) || word.ends_with('.')
        }) {
            found.push(
                Candidate::new(
                    hit.end + date.start(),
                    hit.end + date.end(),
                    "date behind a word for birth",
                    0.2,
                )
                .alone(),
            );
        }
        if word == "出生" {
            let from = text.floor_char_boundary(hit.start.saturating_sub(NEAR));
            let date =
                DATE.find_iter(&text[from..hit.start]).last().filter(|date| from + date.end() == hit.start);
            found.extend(date.map(|date| {
                Candidate::new(from + date.start(), hit.start, "date before a word for birth", 0.6).alone()
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn a_date_near_a_word_for_birth_is_found() {
        finds(
            "DATE_OF_BIRTH",
            &[
                "She was born on ^8/8/1944^. Her",
                "DOB: ^1990-03-07^",
                "born ^1st of May 1980^ in",
                "date of birth: ^March 4, 1975^.",
            ],
        );
        finds("DATE_OF_BIRTH", &["出生日期：^1985年3月2日^，", "他^1985年3月2日^出生", "生于^1990年12月^"]);
        ignores(
            "DATE_OF_BIRTH",
            &["on 8/8/1944 he left", "born in Rome. On 8/8/1944", "airborne 8/8/1944", "born 1980"],
        );
    }
}
