//! Which written form a run of groups has.

use super::super::super::page::Page;
use super::super::super::recognizer::Candidate;
use super::borders::{closes, extension, opens};
use super::countries::is_international;
use super::run::{Group, Run};

/// What an extension adds.
const EXTENSION: f32 = 0.20;

/// The part of a run from a group on that is a number, and the group behind it.
pub(super) fn best(page: &Page<'_>, run: &Run, from: usize) -> Option<(Candidate, usize)> {
    let start = match from {
        0 => run.start,
        _ if continues(run, from) => return None,
        // A bracket that is closed behind the group was opened before it.
        _ => run.groups[from].start - usize::from(run.groups[from].bracket),
    };
    let parted = from > 0 && run.groups[from].joiner == b' ';
    if !parted && !opens(page, start) {
        return None;
    }
    let all = (from + 1..=run.groups.len()).rev();
    let mut tries = all.clone().map(|to| (to, true)).chain(all.map(|to| (to, false)));
    tries.find_map(|(to, strict)| Some((attempt(page, run, start, from..to, strict)?, to)))
}

/// Whether a group goes on with a number whose thousands are parted, or follows by more than a space.
fn continues(run: &Run, from: usize) -> bool {
    let (group, before) = (run.groups[from], run.groups[from - 1]);
    let thousands = group.len() == 3 && before.len() <= 3 && !group.bracket;
    group.joiner != b' ' || thousands || (from == 1 && run.plus)
}

/// A part of a run as a candidate: by its form alone if `strict`, else as a group of digits that needs a word.
fn attempt(
    page: &Page<'_>,
    run: &Run,
    start: usize,
    part: std::ops::Range<usize>,
    strict: bool,
) -> Option<Candidate> {
    let groups = &run.groups[part.clone()];
    let digits: String = groups.iter().map(|group| &page.text()[group.start..group.end]).collect();
    let mut end = groups.last()?.end;
    end += usize::from(groups.len() == 1 && groups[0].bracket);
    let extended = extension(page, end);
    if extended.is_none() && !closes(page, end) {
        return None;
    }
    let plus = run.plus && part.start == 0;
    let (base, name, sure) =
        if strict { form(groups, &digits, plus)? } else { group_of_digits(groups, &digits)? };
    let more = if extended.is_some() { EXTENSION } else { 0.0 };
    let candidate = Candidate::new(start, extended.unwrap_or(end), name, base + more);
    Some(if sure { candidate.validated("numbering plan") } else { candidate })
}

/// What a form is worth, its name, and whether a numbering plan confirms it.
type Worth = (f32, &'static str, bool);

fn form(groups: &[Group], digits: &str, plus: bool) -> Option<Worth> {
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    if plus {
        return is_international(&national(groups, digits)).then_some((0.4, "+ country code", true));
    }
    if let Some(rest) = digits.strip_prefix("00").filter(|rest| !rest.starts_with('0')) {
        let parted = groups.len() > 1 && groups[0].len() >= 3;
        let trimmed = national(groups, digits);
        return is_international(trimmed.strip_prefix("00").unwrap_or(rest)).then_some((
            if parted { 0.3 } else { 0.05 },
            "00 country code",
            true,
        ));
    }
    chinese(groups, digits, &lengths)
        .or_else(|| north_american(groups, digits, &lengths))
        .or_else(|| with_area(groups, digits, &lengths))
}

/// The digits without a trunk zero in brackets: `+49 (0)30` is `4930`.
fn national(groups: &[Group], digits: &str) -> String {
    let mut rest = digits;
    let mut kept = String::with_capacity(digits.len());
    for group in groups {
        let (part, behind) = rest.split_at(group.len());
        kept.push_str(match part.strip_prefix('0') {
            Some(behind) if group.bracket => behind,
            _ => part,
        });
        rest = behind;
    }
    kept
}

/// Mobile numbers, whose first two digits are fixed, and service numbers.
fn chinese(groups: &[Group], digits: &str, lengths: &[usize]) -> Option<Worth> {
    let is_mobile = |digits: &str| {
        let second = digits.as_bytes().get(1);
        digits.len() == 11 && digits.starts_with('1') && second.is_some_and(|d| (b'3'..=b'9').contains(d))
    };
    let free = !groups.iter().any(|group| group.bracket || matches!(group.joiner, b'.' | b'/'));
    match lengths {
        [11] | [3, 4, 4] if free && is_mobile(digits) => Some((0.2, "Chinese mobile", true)),
        [13] | [2, 11] | [2, 3, 4, 4] if free && digits.starts_with("86") && is_mobile(&digits[2..]) => {
            Some((0.2, "86 Chinese mobile", true))
        }
        [3, 4, 3] | [3, 3, 4] if free && (digits.starts_with("400") || digits.starts_with("800")) => {
            Some((0.55, "service number", false))
        }
        _ => None,
    }
}

fn north_american(groups: &[Group], digits: &str, lengths: &[usize]) -> Option<Worth> {
    let (first, lengths) = match lengths {
        [1, rest @ ..] if digits.starts_with('1') && !groups[0].bracket => (1, rest),
        _ => (0, lengths),
    };
    if lengths != [3, 3, 4] {
        return None;
    }
    let code = &digits.as_bytes()[first..];
    let issued = (b'2'..=b'9').contains(&code[0]) && (b'2'..=b'9').contains(&code[3]);
    let bracket = groups[first].bracket;
    let joiners = &groups[first + 1..];
    let same = joiners[0].joiner == joiners[1].joiner;
    match (joiners[1].joiner, issued) {
        (b'-' | b'.', true) if same || bracket => Some((0.3, "North American", true)),
        (b' ', true) if same || bracket => Some((0.15, "North American", true)),
        (b'-' | b'.' | b' ', false) if bracket => Some((0.55, "area in brackets", false)),
        (b'-', _) if same => Some((0.5, "three, three and four digits", false)),
        (b'.', false) if same => Some((0.35, "three, three and four digits", false)),
        _ => None,
    }
}

/// An area code with trunk zero or in brackets, and the number behind it.
fn with_area(groups: &[Group], digits: &str, lengths: &[usize]) -> Option<Worth> {
    let first = groups[0].len();
    let rest = &groups[1..];
    let free = !rest.iter().any(|group| group.bracket) && !is_date(lengths, digits);
    if !free || rest.is_empty() || (matches!(lengths, [3, 2, 4] | [5, 4]) && !groups[0].bracket) {
        return None;
    }
    let trunk = digits.starts_with('0') && !digits.starts_with("00");
    let bracketed = groups[0].bracket && (2..=5).contains(&first) && !is_year(&digits[..first]);
    let hyphen = rest.iter().any(|group| group.joiner == b'-');
    let apart = rest.iter().all(|group| group.len() >= 2);
    let decimal = rest.len() == 1 && rest[0].joiner == b'.';
    let total = digits.len();
    match () {
        () if bracketed && apart && (trunk || hyphen || total >= 10) && (8..=12).contains(&total) => {
            Some((0.55, "area in brackets", false))
        }
        () if trunk && apart && !decimal && (2..=6).contains(&first) && (9..=12).contains(&total) => {
            Some((0.55, "trunk zero and area", false))
        }
        () if matches!(lengths, [2, 4 | 5, 4]) && rest[0].joiner == b' ' && rest[1].joiner == b'-' => {
            Some((0.5, "area and number", false))
        }
        () if lengths == [4, 3, 3] && (digits.starts_with("1300") || digits.starts_with("1800")) => {
            Some((0.5, "service number", false))
        }
        () => None,
    }
}

/// Six to fifteen digits, parted by one kind of sign, that are no date and no sum: a number if a word says so.
fn group_of_digits(groups: &[Group], digits: &str) -> Option<Worth> {
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    // `08-53 48 83`: the area may be parted in another way than the rest.
    let first = if digits.starts_with('0') { 2 } else { 1 };
    let same =
        groups.get(first..).unwrap_or_default().windows(2).all(|pair| pair[0].joiner == pair[1].joiner);
    let slash = groups.iter().skip(1).any(|group| group.joiner == b'/');
    let decimal = groups.len() == 2 && groups[1].joiner == b'.';
    // `1 250 000` is a sum; `73 448 266` and `612 345 678` are not read as one near a word for phones.
    let thousands = groups.len() > 1 && lengths[0] < 3 && lengths[1..].iter().all(|length| *length == 3);
    let sum = thousands && !digits.starts_with('0') && (lengths[0] == 1 || digits.ends_with("00"));
    let fits = (6..=15).contains(&digits.len()) && lengths.iter().skip(1).all(|length| *length >= 2);
    (fits && same && !slash && !decimal && !sum && !is_date(&lengths, digits)).then_some((
        0.2,
        "group of digits",
        false,
    ))
}

fn is_year(digits: &str) -> bool {
    digits.len() == 4 && (digits.starts_with("19") || digits.starts_with("20"))
}

/// Whether the groups begin as a date does, or are one without signs.
fn is_date(lengths: &[usize], digits: &str) -> bool {
    let part =
        |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<u32>().ok()).unwrap_or(99);
    match lengths {
        [4, 1 | 2, 1 | 2, ..] => is_year(&digits[..4]),
        [a @ (1 | 2), b @ (1 | 2), 4, ..] => {
            let (first, second) = (part(0, *a), part(*a, a + b));
            is_year(&digits[a + b..a + b + 4]) && first <= 31 && second <= 31 && first.min(second) <= 12
        }
        [8] => is_year(&digits[..4]) && part(4, 6) <= 12 && part(6, 8) <= 31,
        [4, 4] => is_year(&digits[..4]) && is_year(&digits[4..]),
        _ => false,
    }
}
