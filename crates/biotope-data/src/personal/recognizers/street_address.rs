//! Street addresses by their shape: number and street, street and number, Chinese house numbers, postal codes by name.

use std::sync::LazyLock;

use regex::Regex;

use super::super::page::is_ideographic;
use super::super::recognizer::{Candidate, Find, Recognizer, View};

/// The recogniser.
pub(crate) const STREET_ADDRESS: Recognizer = Recognizer {
    name: "street-address",
    kind: "STREET_ADDRESS",
    summary: "Street with house number, flat and postal code; Chinese 路 … 号; postal code near its name",
    source: "UPU S42; USPS Publication 28; GB/T 23705",
    words: &[
        "street",
        "st",
        "road",
        "rd",
        "avenue",
        "ave",
        "lane",
        "ln",
        "drive",
        "boulevard",
        "blvd",
        "court",
        "ct",
        "place",
        "square",
        "terrace",
        "highway",
        "hwy",
        "parkway",
        "pkwy",
        "crescent",
        "close",
        "way",
        "rue",
        "via",
        "calle",
        "avenida",
        "rua",
        "zip",
        "zip code",
        "postcode",
        "postal code",
        "邮编",
        "邮政编码",
    ],
    find: Find::Scan(scan),
};

/// Bytes that are looked at before and behind a word for streets.
const NEAR: usize = 80;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is constant")
}

/// Number and up to five words before the word for a street.
static HEAD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:\d{1,5}[A-Za-z]? )+(?:(?:[A-ZÀ-Ý][\w'’.-]*|\d{1,3}(?:st|nd|rd|th)) ){1,4}$")
});
/// Streets that bear their word in front, with the number on either side.
static ROMANCE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^ (?:(?:de|du|des|la|le|les|l'|di|del|della|dos|da|do) ?){0,2}[A-ZÀ-Ý][\w'’-]*(?: (?:(?:de|du|la|le|di) )?[A-ZÀ-Ý][\w'’-]*){0,3}(?:,? \d{1,5}[A-Za-z]?\b)?",
    )
});
static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d{1,5}(?: ?bis)?,? $"));
/// Flat, town, state and ZIP code behind a street.
static TAIL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?:,?\s+(?:Apt|Apartment|Suite|Ste|Unit|Flat|Room|Floor)\.?\s?[A-Za-z]?\d{1,5}[A-Za-z]?\b)?(?:,?\s+[A-Z][A-Za-z.'-]+(?: [A-Z][A-Za-z.'-]+){0,2},?\s+[A-Z]{2}\s+\d{5}(?:-\d{4})?\b)?",
    )
});
static GERMAN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[A-ZÄÖÜ][\wäöüß-]*(?:straße|strasse|str\.|weg|platz|allee|gasse) $"));
static POSTAL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?: is|是|为)?[:： ]{0,2}(\d{6}|\d{5}(?:-\d{4})?)(?-u:\b)"));

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    let text = view.text();
    for (hit, word) in view.hits() {
        let head = &text[text.floor_char_boundary(hit.start.saturating_sub(NEAR))..hit.start];
        let behind = &text[hit.end..text.floor_char_boundary(hit.end + NEAR)];
        let place = match word {
            "zip" | "zip code" | "postcode" | "postal code" | "邮编" | "邮政编码" => POSTAL
                .captures(behind)
                .and_then(|c| c.get(1))
                .map(|m| (hit.end + m.start(), hit.end + m.end())),
            "rue" | "via" | "calle" | "avenida" | "rua" => romance(head, behind, hit.start, hit.end),
            _ => HEAD.find(head).map(|m| {
                let dot = usize::from(behind.starts_with('.') && word.len() <= 4);
                (
                    hit.start - head.len() + m.start(),
                    hit.end + dot + TAIL.find(&behind[dot..]).map_or(0, |m| m.end()),
                )
            }),
        };
        found.extend(place.map(|(start, end)| Candidate::new(start, end, "number and street", 0.6).alone()));
    }
    for token in view.page.tokens.iter().filter(|token| token.len() <= 5) {
        let head = &text[text.floor_char_boundary(token.start.saturating_sub(NEAR))..token.start];
        if text[token.end..].starts_with('号') {
            found.extend(chinese(text, head, token.end + 3));
        } else if let Some(street) = GERMAN.find(head) {
            let start = token.start - head.len() + street.start();
            found.push(Candidate::new(start, token.end, "street and number", 0.6).alone());
        }
    }
}

fn romance(head: &str, behind: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let name = ROMANCE.find(behind)?;
    let number = NUMBER.find(head).map(|m| start - head.len() + m.start());
    (number.is_some() || name.as_str().ends_with(|c: char| c.is_ascii_digit()))
        .then(|| (number.unwrap_or(start), end + name.end()))
}

/// `北京市朝阳区建国路88号2号楼301室`: Han characters up to the house number, if they end in a word for streets.
fn chinese(text: &str, head: &str, end: usize) -> Option<Candidate> {
    let street = head.chars().next_back().is_some_and(|c| "路街道巷弄里村镇段".contains(c));
    let run: usize = head.chars().rev().take_while(|c| is_ideographic(*c)).map(char::len_utf8).sum();
    let han = &head[head.len() - run..];
    let from = han.rfind(['在', '于', '址', '到', '是', '位', '从', '住']).map_or(0, |at| at + 3);
    let more: usize = text[end..]
        .chars()
        .take(16)
        .take_while(|c| c.is_ascii_digit() || "号楼栋幢单元室层".contains(*c))
        .map(char::len_utf8)
        .sum();
    let start = end
        - 3
        - (text[..end - 3].len()
            - text[..end - 3].trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len());
    (street && run > from)
        .then(|| Candidate::new(start - (run - from), end + more, "street and house number", 0.65).alone())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn shapes_of_several_lands_are_found() {
        finds(
            "STREET_ADDRESS",
            &[
                "lives at ^21 Harley Brook Lane^, where",
                "^1600 Example Avenue, Springfield, IL 62704^ is",
                "^12B High St. Apt. 4^",
            ],
        );
        finds(
            "STREET_ADDRESS",
            &[
                "wohnt ^Hauptstraße 12^ in",
                "habite ^12 rue de la Paix^ à",
                "abita in ^Via Verbano 62^.",
                "my zip code is ^86786^",
            ],
        );
        finds(
            "STREET_ADDRESS",
            &["他住在^北京市朝阳区建国路88号2号楼301室^。", "邮编：^100022^", "地址：^中山北路12号^"],
        );
        ignores(
            "STREET_ADDRESS",
            &["3 people on the street", "Wall Street fell 12 points", "2024年第88号文件", "via Rome"],
        );
    }
}
