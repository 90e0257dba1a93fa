//! Chinese number plates.

use super::super::page::Page;
use super::super::recognizer::{Candidate, Find, Recognizer, View};

/// The recogniser.
pub(crate) const CN_LICENSE_PLATE: Recognizer = Recognizer {
    name: "cn-license-plate",
    kind: "CN_LICENSE_PLATE",
    summary: "Chinese number plate: province, office, five places; six for new energy",
    source: "GA 36-2018",
    words: &["车牌", "车牌号", "牌照", "车辆", "轿车", "号牌", "license plate", "plate"],
    find: Find::Scan(scan),
};

const PROVINCES: &str = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新";

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    let page = view.page;
    let text = page.text();
    let mut done = 0;
    // Every plate has a digit, so a token lies in it; the province stands before the token or before the part before it.
    for token in page.tokens.iter().filter(|token| token.len() <= 7) {
        let head = &text[..token.start];
        let start = match province(head) {
            Some(start) => start,
            None => match head
                .trim_end_matches([' ', '·', '•', '.', '-'])
                .strip_suffix(|c: char| c.is_ascii_uppercase())
                .and_then(province)
            {
                Some(start) => start,
                None => continue,
            },
        };
        if start >= done
            && let Some(candidate) = plate(page, start)
        {
            done = candidate.end;
            found.push(candidate);
        }
    }
}

/// Where the province sign begins that a text ends with.
fn province(head: &str) -> Option<usize> {
    let last = head.chars().next_back()?;
    (last.len_utf8() == 3 && PROVINCES.contains(last)).then(|| head.len() - 3)
}

fn plate(page: &Page<'_>, start: usize) -> Option<Candidate> {
    let rest = &page.text()[start + 3..];
    let office = rest.chars().next().filter(|c| c.is_ascii_uppercase() && *c != 'I')?;
    let rest = &rest[1..];
    let places = rest.trim_start_matches(|c| " ·•.-".contains(c));
    let gap = rest.len() - places.len();
    if gap > 2 {
        return None;
    }
    let run = places.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let tail = places[run..].chars().next().filter(|c| "挂学警港澳领使试超".contains(*c));
    let length = run + tail.map_or(0, char::len_utf8);
    let pattern = kind(&places.as_bytes()[..run], tail.is_some(), office)?;
    let base = if gap > 0 { 0.7 } else { 0.6 };
    Some(Candidate::new(start, start + 4 + gap + length, pattern, base))
}

/// Letters stand among digits without I and O; at most two of them on an ordinary plate.
fn kind(places: &[u8], tail: bool, office: char) -> Option<&'static str> {
    let good = places.iter().all(|b| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"IO".contains(b)));
    let letters = places.iter().filter(|b| b.is_ascii_uppercase()).count();
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    match places.len() {
        4 if good && tail && letters <= 2 => Some("four places and a sign"),
        5 if good && !tail && letters <= 2 => Some("five places"),
        6 if good && !tail && office != 'O' => {
            let energy = |b: u8| (b'A'..=b'K').contains(&b);
            let small = energy(places[0]) && digits(&places[2..]);
            let large = energy(places[5]) && digits(&places[..5]);
            (small || large).then_some("six places, new energy")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn old_and_new_plates_are_found() {
        finds("CN_LICENSE_PLATE", &["车牌号^京A12345^，", "一辆^沪B·8D234^轿车", "^粤B 12345^"]);
        finds(
            "CN_LICENSE_PLATE",
            &["^京A·12345^", "^粤BD12345^的", "^沪A12345D^。", "^粤Z1234港^", "^苏E 8K2M6^", "^京A1234学^"],
        );
    }

    #[test]
    fn shares_and_words_are_not() {
        ignores(
            "CN_LICENSE_PLATE",
            &["沪B900901", "新A股600000", "京A123", "京AI2345", "云G20峰会", "京a12345", "川A1234567"],
        );
    }
}
