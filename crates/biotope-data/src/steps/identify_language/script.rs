//! Which script a text is written in.

/// What a script says of the language.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Script {
    /// One language alone, with the share of the letters that are of its script.
    Alone(&'static str, f64),
    /// One of several.
    Shared(Shared),
}

/// Scripts that several languages share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shared {
    Latin,
    Cyrillic,
    Arabic,
    Devanagari,
}

/// Characters that are looked at, of each part.
const CHARS: usize = 4000;

const LATIN: usize = 0;
const CYRILLIC: usize = 1;
const ARABIC: usize = 2;
const DEVANAGARI: usize = 3;
const HAN: usize = 4;
const KANA: usize = 5;
const ALONE: usize = 6;
/// Languages that are alone with their script, from `ALONE` on.
const LANGUAGES: &[&str] = &[
    "ko", "el", "he", "th", "hy", "ka", "bn", "pa", "gu", "ta", "te", "kn", "ml", "si", "lo", "km", "my",
    "am",
];

/// Languages that need no profile.
pub(super) fn alone() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().copied().chain(["ja", "zh"])
}

/// The script that most letters are of. Han letters count twice: one says as much as two of an alphabet.
pub(super) fn of(parts: &[&str]) -> Option<Script> {
    let mut counts = [0usize; ALONE + LANGUAGES.len()];
    for c in parts.iter().flat_map(|part| part.chars().take(CHARS)) {
        if let Some(script) = script(c) {
            counts[script] += 1;
        }
    }
    counts[HAN] *= 2;
    counts[KANA] *= 2;
    let total: usize = counts.iter().sum();
    let (han, kana) = (counts[HAN], counts[KANA]);
    counts[HAN] += std::mem::take(&mut counts[KANA]);
    let (best, count) =
        counts.iter().enumerate().max_by_key(|(script, count)| (**count, usize::MAX - script))?;
    if *count == 0 {
        return None;
    }
    let share = *count as f64 / total as f64;
    Some(match best {
        LATIN => Script::Shared(Shared::Latin),
        CYRILLIC => Script::Shared(Shared::Cyrillic),
        ARABIC => Script::Shared(Shared::Arabic),
        DEVANAGARI => Script::Shared(Shared::Devanagari),
        // Japanese prose is half kana; a Chinese text has one by chance.
        HAN if kana * 10 > han => Script::Alone("ja", share),
        HAN => Script::Alone("zh", share),
        other => Script::Alone(LANGUAGES[other - ALONE], share),
    })
}

fn script(c: char) -> Option<usize> {
    if c.is_ascii() {
        return c.is_ascii_alphabetic().then_some(LATIN);
    }
    Some(match c {
        '\u{c0}'..='\u{24f}'
        | '\u{1e00}'..='\u{1eff}'
        | '\u{ff21}'..='\u{ff3a}'
        | '\u{ff41}'..='\u{ff5a}' => LATIN,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => ALONE + 1,
        '\u{400}'..='\u{52f}' => CYRILLIC,
        '\u{531}'..='\u{58f}' => ALONE + 4,
        '\u{591}'..='\u{5f4}' => ALONE + 2,
        '\u{620}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' => {
            ARABIC
        }
        '\u{900}'..='\u{97f}' => DEVANAGARI,
        '\u{980}'..='\u{9ff}' => ALONE + 6,
        '\u{a00}'..='\u{a7f}' => ALONE + 7,
        '\u{a80}'..='\u{aff}' => ALONE + 8,
        '\u{b80}'..='\u{bff}' => ALONE + 9,
        '\u{c00}'..='\u{c7f}' => ALONE + 10,
        '\u{c80}'..='\u{cff}' => ALONE + 11,
        '\u{d00}'..='\u{d7f}' => ALONE + 12,
        '\u{d80}'..='\u{dff}' => ALONE + 13,
        '\u{e01}'..='\u{e4f}' => ALONE + 3,
        '\u{e81}'..='\u{eff}' => ALONE + 14,
        '\u{1000}'..='\u{109f}' => ALONE + 16,
        '\u{10a0}'..='\u{10ff}' | '\u{1c90}'..='\u{1cbf}' => ALONE + 5,
        '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{ac00}'..='\u{d7af}' => ALONE,
        '\u{1200}'..='\u{139f}' => ALONE + 17,
        '\u{1780}'..='\u{17ff}' => ALONE + 15,
        '\u{3005}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3134f}' => HAN,
        '\u{3041}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9d}' => KANA,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_one_language() {
        let language = |text| match of(&[text]) {
            Some(Script::Alone(language, _)) => language,
            other => panic!("{text}: {other:?}"),
        };
        for (expected, text) in [
            ("zh", "苹果公司发布iPhone 17"),
            ("zh", "颱風逼近臺灣"),
            ("ja", "東京で小麦の価格が上がった"),
            ("ko", "밀 가격이 올랐다"),
            ("el", "Το σιτάρι ακριβαίνει"),
            ("he", "מחירי החיטה עולים"),
            ("th", "ราคาข้าวสาลีขึ้น"),
            ("ka", "ხორბლის ფასი იზრდება"),
            ("am", "የስንዴ ዋጋ ጨመረ"),
        ] {
            assert_eq!(language(text), expected, "{text}");
        }
        assert_eq!(of(&["пшеница"]), Some(Script::Shared(Shared::Cyrillic)));
        assert_eq!(of(&["", "12 %"]), None);
    }
}
