//! A text whose finds were replaced by marks, and the way back.

use super::span::Span;

/// What stands for a kind when it is replaced: `[EMAIL]`, `[PHONE]`, `[CREDIT_CARD]`.
pub fn mark(kind: &str) -> String {
    let short = match kind {
        "EMAIL_ADDRESS" => "EMAIL",
        "PHONE_NUMBER" => "PHONE",
        kind => kind,
    };
    format!("[{short}]")
}

/// Longest name in a mark.
pub(crate) const LONGEST: usize = 64;

/// Where the first mark of a text begins.
pub(crate) fn first_mark(text: &str) -> Option<usize> {
    memchr::memchr_iter(b'[', text.as_bytes()).find(|open| is_mark(&text[*open..]))
}

/// Whether a text begins with a mark.
pub(crate) fn is_mark(text: &str) -> bool {
    let Some(rest) = text.as_bytes().strip_prefix(b"[") else { return false };
    let inner = rest.iter().take(LONGEST).take_while(|b| b.is_ascii_uppercase() || **b == b'_').count();
    inner > 1 && rest.get(inner) == Some(&b']')
}

/// The text with marks, and where each stands.
#[derive(Debug)]
pub(crate) struct Replaced {
    text: String,
    /// For each mark: its first byte, one behind its last, and where the original goes on.
    marks: Vec<(usize, usize, usize)>,
}

impl Replaced {
    /// Replaces the spans, which are sorted and apart.
    pub(crate) fn new(text: &str, spans: &[Span]) -> Self {
        let mut replaced =
            Self { text: String::with_capacity(text.len()), marks: Vec::with_capacity(spans.len()) };
        let mut done = 0;
        for span in spans {
            replaced.text.push_str(&text[done..span.start]);
            let start = replaced.text.len();
            replaced.text.push_str(&mark(&span.kind));
            replaced.marks.push((start, replaced.text.len(), span.end));
            done = span.end;
        }
        replaced.text.push_str(&text[done..]);
        replaced
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The same span in the original, unless it touches a mark.
    pub(crate) fn original(&self, span: Span) -> Option<Span> {
        let next = self.marks.partition_point(|(_, end, _)| *end <= span.start);
        let free = self.marks.get(next).is_none_or(|(start, _, _)| span.end <= *start);
        let shift = |place: usize| match next.checked_sub(1).map(|mark| self.marks[mark]) {
            Some((_, end, original)) => original + (place - end),
            None => place,
        };
        free.then(|| Span { start: shift(span.start), end: shift(span.end), ..span })
    }
}
