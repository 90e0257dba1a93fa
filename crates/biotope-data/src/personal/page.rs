//! One pass over a text: the tokens with digits and the marks that recognisers begin from.

use super::fold::Folded;

/// A run of ASCII letters and digits, in byte places of the folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// How many of its characters are digits.
    pub(crate) digits: usize,
}

impl Token {
    pub(crate) fn len(self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_number(self) -> bool {
        self.digits == self.len()
    }
}

/// A text with what recognisers look at.
#[derive(Debug)]
pub(crate) struct Page<'t> {
    pub(crate) folded: Folded<'t>,
    /// Tokens with a digit, and words of at most three letters right before one (`AB 12 34 56 C`).
    pub(crate) tokens: Vec<Token>,
    /// Places of `@`.
    pub(crate) ats: Vec<usize>,
    /// Places of `:`.
    pub(crate) colons: Vec<usize>,
    /// Addresses of the web: numbers inside are ids, not data.
    pub(crate) links: Vec<(usize, usize)>,
}

impl<'t> Page<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let folded = Folded::new(text);
        let mut page = Self { folded, tokens: vec![], ats: vec![], colons: vec![], links: vec![] };
        page.scan();
        page
    }

    pub(crate) fn text(&self) -> &str {
        &self.folded.text
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.folded.text.as_bytes()
    }

    fn scan(&mut self) {
        let text = std::mem::take(&mut self.folded.text);
        let bytes = text.as_bytes();
        let mut word: Option<Token> = None;
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                byte if byte.is_ascii_alphanumeric() => {
                    let token = token(bytes, at);
                    at = token.end;
                    if token.digits > 0 {
                        let joined =
                            |w: &Token| w.end + 1 == token.start && matches!(bytes[w.end], b' ' | b'-');
                        self.tokens.extend(word.filter(joined));
                        self.tokens.push(token);
                    }
                    word = Some(token).filter(|t| t.digits == 0 && t.len() <= 3);
                    continue;
                }
                b'@' => self.ats.push(at),
                b':' => self.colons.push(at),
                _ => {}
            }
            at += 1;
        }
        self.links = super::links::find(&text, &self.colons);
        self.folded.text = text;
    }

    /// Whether a place lies inside a web address.
    pub(crate) fn is_link(&self, place: usize) -> bool {
        let next = self.links.partition_point(|(start, _)| *start <= place);
        next.checked_sub(1).is_some_and(|link| place < self.links[link].1)
    }

    /// The character right before a place.
    pub(crate) fn before(&self, place: usize) -> Option<char> {
        self.text()[..place].chars().next_back()
    }

    /// The character at a place.
    pub(crate) fn after(&self, place: usize) -> Option<char> {
        self.text()[place..].chars().next()
    }

    /// Whether a thing that begins here is not the tail of something longer.
    pub(crate) fn opens(&self, place: usize) -> bool {
        let bytes = self.bytes();
        let digit_before = place >= 2 && bytes[place - 2].is_ascii_digit();
        match self.before(place) {
            None => true,
            Some('.' | ',' | '-' | '/') => !digit_before,
            Some('_') => false,
            Some(c) => !is_word(c),
        }
    }

    /// Whether a thing that ends here is not the head of something longer.
    pub(crate) fn closes(&self, place: usize) -> bool {
        let digit_after = self.bytes().get(place + 1).is_some_and(u8::is_ascii_digit);
        match self.after(place) {
            None => true,
            Some('.' | ',' | '-' | '/') => !digit_after,
            Some('_') => false,
            Some(c) => !is_word(c),
        }
    }
}

/// The run of letters and digits that begins at a place.
fn token(bytes: &[u8], start: usize) -> Token {
    let (mut end, mut digits) = (start, 0);
    while let Some(byte) = bytes.get(end).filter(|b| b.is_ascii_alphanumeric()) {
        digits += usize::from(byte.is_ascii_digit());
        end += 1;
    }
    Token { start, end, digits }
}

/// Whether a character makes one word with a neighbour. Han, kana and Hangul stand without spaces: they do not.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() && !is_ideographic(c)
}

/// Whether a character belongs to a script that is written without spaces, or to Hangul, whose particles follow numbers directly.
pub(crate) fn is_ideographic(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_marks_and_links_are_found_in_one_pass() {
        let page = Page::new("AB 12 of a@b.co: x9 京A12345 https://n.example/13812345678");
        let tokens: Vec<&str> = page.tokens.iter().map(|t| &page.text()[t.start..t.end]).collect();
        assert_eq!(tokens, ["AB", "12", "x9", "A12345", "13812345678"]);
        assert_eq!((page.ats.len(), page.colons.len(), page.links.len()), (1, 2, 1));
        assert!(page.is_link(page.tokens[4].start) && !page.is_link(page.tokens[3].start));
    }

    #[test]
    fn borders_are_words_not_bytes() {
        let page = Page::new("é12 号12号 1.12 12.5 12.");
        let opens: Vec<bool> = page.tokens.iter().map(|t| page.opens(t.start)).collect();
        assert_eq!(opens, [false, true, true, false, true, false, true]);
        let closes: Vec<bool> = page.tokens.iter().map(|t| page.closes(t.end)).collect();
        assert_eq!(closes, [true, true, false, true, false, true, true]);
    }
}
