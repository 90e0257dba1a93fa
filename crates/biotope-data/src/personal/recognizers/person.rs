//! Names of persons by what stands around them: titles, introductions, common given names, Chinese surnames with a title.
//! Rules find the plain cases; a model behind [`super::super::SpanFinder`] finds the others.

mod chinese;
mod given;

use super::super::page::is_ideographic;
use super::super::recognizer::{Candidate, Find, Recognizer, View};

/// The recogniser.
pub(crate) const PERSON: Recognizer = Recognizer {
    name: "person",
    kind: "PERSON",
    summary: "Name behind a title, an introduction or a common given name; Chinese surname with a title or reporter's line",
    source: "forms of address in English and Chinese; the common given names of English-speaking lands",
    words: &[
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "professor",
        "sir",
        "lady",
        "lord",
        "madam",
        "senator",
        "governor",
        "captain",
        "judge",
        "mayor",
        "my name is",
        "name is",
        "i am called",
        "named",
        "dear",
        "sincerely",
        "regards",
        "best regards",
        "kind regards",
        "yours",
        "cheers",
        "signed",
        "先生",
        "女士",
        "小姐",
        "太太",
        "教授",
        "老师",
        "医生",
        "律师",
        "同志",
        "主任",
        "记者",
        "通讯员",
        "我叫",
        "名叫",
        "姓名",
        "联系人",
        "署名",
        "编辑",
    ],
    find: Find::Scan(scan),
};

/// Words that stand inside names without a capital.
const PARTICLES: [&str; 18] = [
    "van", "von", "de", "der", "den", "da", "di", "del", "della", "la", "le", "al", "bin", "ibn", "ter",
    "ten", "dos", "du",
];
/// Words with a capital that open sentences or name offices, not persons.
const NO_NAMES: [&str; 40] = [
    "The", "A", "An", "This", "That", "He", "She", "It", "We", "They", "You", "I", "In", "On", "At", "And",
    "But", "Or", "If", "For", "From", "To", "Of", "With", "What", "When", "Where", "Who", "How", "Why",
    "Please", "Sir", "Madam", "All", "Team", "Customer", "Monday", "Friday", "Sunday", "New",
];

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    let text = view.text();
    for (hit, word) in view.hits() {
        if word.chars().next().is_some_and(is_ideographic) {
            found.extend(chinese::beside(text, hit.start, hit.end, word));
            continue;
        }
        let rest = &text[hit.end..];
        let gap = rest.len() - rest.trim_start_matches(['.', ' ', ',', ':', '\n']).len();
        let titled = text[hit.start..].starts_with(|c: char| c.is_uppercase());
        let intro = word.contains("name");
        if (1..=4).contains(&gap) && (titled || intro) {
            let (end, words) = name(text, hit.end + gap);
            if words > 0 {
                found.push(Candidate::new(hit.end + gap, end, "name behind a title", 0.6).alone());
            }
        }
    }
    given::each(text, |start| {
        let (end, words) = name(text, start);
        if words > 0 {
            found.push(
                Candidate::new(start, end, "common given name", if words > 1 { 0.6 } else { 0.5 }).alone(),
            );
        }
    });
}

/// Where the name ends that begins here, and of how many capitalised words it is made (at most four).
fn name(text: &str, start: usize) -> (usize, usize) {
    let (mut end, mut at, mut words) = (start, start, 0);
    while words < 4 {
        let rest = &text[at..];
        let length =
            rest.find(|c: char| !c.is_alphabetic() && !matches!(c, '\'' | '’' | '-')).unwrap_or(rest.len());
        let word = rest[..length].trim_end_matches(['\'', '’', '-']);
        let word = word.strip_suffix("'s").or(word.strip_suffix("’s")).unwrap_or(word);
        let initial = word.len() == 1 && rest[1..].starts_with('.');
        let capital = word.starts_with(|c: char| c.is_uppercase()) && !NO_NAMES.contains(&word);
        if capital && (word.chars().count() > 1 || initial) {
            words += 1;
            end = at + word.len();
            if word.len() < length {
                break;
            }
        } else if words == 0 || !PARTICLES.contains(&word) {
            break;
        }
        at += length + usize::from(initial);
        match text[at..].strip_prefix(' ') {
            Some(_) => at += 1,
            None => break,
        }
    }
    (end, words)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn names_stand_behind_titles_and_introductions() {
        finds(
            "PERSON",
            &[
                "said Mr. ^Brandt^, who",
                "my name is ^Ines van der Berg^.",
                "Dr ^Okafor^'s report",
                "Best regards,\n^Lena Hofmann^\n",
                "then ^Thomas Albrecht^ left",
            ],
        );
        ignores(
            "PERSON",
            &["Dear Sir", "Dear customer", "the miss cost them", "Regards, The Team", "may and mark"],
        );
    }

    #[test]
    fn chinese_names_stand_beside_titles() {
        finds(
            "PERSON",
            &["^张伟^先生说", "记者^李晓明^报道", "我叫^王芳^，", "^欧阳修^教授和^陈^女士", "姓名：^赵磊^。"],
        );
        ignores("PERSON", &["各位先生", "记者表示", "采访记者的", "很多老师"]);
    }
}
