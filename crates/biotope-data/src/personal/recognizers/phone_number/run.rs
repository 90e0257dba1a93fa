//! A run of digit groups with the signs between them.

use super::super::super::page::Page;

/// Most groups of a run, and most digits.
const LIMITS: (usize, usize) = (9, 24);

/// Longest area code in brackets.
const AREA: usize = 5;

/// One group of digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it stands in brackets.
    pub(super) bracket: bool,
    /// The sign before it, brackets aside; a space for nothing but a bracket.
    pub(super) joiner: u8,
}

impl Group {
    pub(super) fn len(self) -> usize {
        self.end - self.start
    }
}

/// Groups of digits that may be one number.
#[derive(Debug)]
pub(super) struct Run {
    /// Where it begins, sign and bracket included.
    pub(super) start: usize,
    /// Whether a `+` stands in front.
    pub(super) plus: bool,
    pub(super) groups: Vec<Group>,
}

impl Run {
    /// Reads the run whose first digit stands at a place.
    pub(super) fn read(page: &Page<'_>, at: usize) -> Self {
        let bytes = page.bytes();
        let mut start = at;
        let mut bracket = start > 0 && bytes[start - 1] == b'(';
        start -= usize::from(bracket);
        let mut plus = start > 0 && bytes[start - 1] == b'+';
        start -= usize::from(plus);
        if plus && !bracket && start > 0 && bytes[start - 1] == b'(' {
            (bracket, start) = (true, start - 1);
        } else if !plus && bracket && bytes[start + 1] == b'+' {
            plus = true;
        }
        let mut run = Self { start, plus, groups: Vec::new() };
        let (mut place, mut joiner, mut total) = (at, b' ', 0);
        while run.groups.len() < LIMITS.0 {
            let digits = bytes[place..].iter().take(LIMITS.1).take_while(|b| b.is_ascii_digit()).count();
            total += digits;
            if total > LIMITS.1 {
                break;
            }
            let closed = bracket && digits <= AREA && bytes.get(place + digits) == Some(&b')');
            if bracket && !closed {
                if !run.groups.is_empty() {
                    break;
                }
                // The bracket is closed behind the whole number, or not at all.
                run.start += usize::from(bytes[run.start] == b'(');
            }
            run.groups.push(Group { start: place, end: place + digits, bracket: closed, joiner });
            match gap(bytes, place + digits + usize::from(closed), closed) {
                Some((next, sign, open)) => (place, joiner, bracket) = (next, sign, open),
                None => break,
            }
        }
        run
    }

    /// One behind its last digit.
    pub(super) fn end(&self) -> usize {
        self.groups.last().map_or(self.start, |group| group.end)
    }
}

/// What may stand between two groups: one sign, spaces around a hyphen or slash, a bracket that opens or closed.
/// Returns where the next group begins, the sign, and whether a bracket opens.
fn gap(bytes: &[u8], at: usize, closed: bool) -> Option<(usize, u8, bool)> {
    let is = |place: usize, byte: u8| bytes.get(place) == Some(&byte);
    let (mut place, mut sign) = (at, b' ');
    match bytes.get(at)? {
        b' ' if (is(at + 1, b'-') || is(at + 1, b'/')) && is(at + 2, b' ') => {
            (place, sign) = (at + 3, bytes[at + 1]);
        }
        byte @ (b' ' | b'-' | b'.' | b'/') => (place, sign) = (at + 1, *byte),
        b'(' => {}
        byte if closed && byte.is_ascii_digit() => {}
        _ => return None,
    }
    let open = is(place, b'(');
    place += usize::from(open);
    bytes.get(place)?.is_ascii_digit().then_some((place, sign, open))
}
