//! Finds and what becomes of them, in one.

use std::collections::BTreeMap;

use biotope_core::Component;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::detector::{Detector, DetectorConfig};
use super::finder::SpanFinder;
use super::keys::KeySource;
use super::operators::{self, Operator};
use super::span::Span;
use crate::Result;

/// What is looked for, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaskerConfig {
    /// What becomes of finds: an operator by name.
    pub operator: Component,
    /// Other operators, by kind.
    pub operators: BTreeMap<String, Component>,
    /// Where the key of `pseudonym` and `encrypt` is.
    pub key: KeySource,
    /// What is looked for.
    pub detector: DetectorConfig,
}

impl Default for MaskerConfig {
    fn default() -> Self {
        Self {
            operator: Component::new("replace"),
            operators: BTreeMap::new(),
            key: KeySource::default(),
            detector: DetectorConfig::default(),
        }
    }
}

/// A masked text, and what was found in the original.
#[derive(Clone, Debug, PartialEq)]
pub struct Masked {
    /// The text after all operators.
    pub text: String,
    /// The finds, in order; places are bytes of the original.
    pub spans: Vec<Span>,
}

/// Masks texts. Made once; used from any number of threads.
///
/// ```
/// use biotope_data::personal::{Masker, MaskerConfig};
///
/// let masker = Masker::new(&MaskerConfig::default())?;
/// let masked = masker.mask("请联系 li.ming@news.example，电话13812345678。");
/// assert_eq!(masked.text, "请联系 [EMAIL]，电话[PHONE]。");
/// assert_eq!(masked.spans[1].why.word.as_deref(), Some("电话"));
/// # Ok::<(), biotope_data::Error>(())
/// ```
pub struct Masker {
    detector: Detector,
    usual: Box<dyn Operator>,
    others: BTreeMap<String, Box<dyn Operator>>,
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Masker").field("detector", &self.detector).finish_non_exhaustive()
    }
}

impl Masker {
    /// A masker; reads the key if one is named.
    pub fn new(config: &MaskerConfig) -> Result<Self> {
        let key = config.key.read()?;
        let build = |component: &Component| operators::build(component, key.as_ref());
        let others = config.operators.iter().map(|(kind, component)| Ok((kind.clone(), build(component)?)));
        Ok(Self {
            detector: Detector::new(&config.detector)?,
            usual: build(&config.operator)?,
            others: others.collect::<Result<_>>()?,
        })
    }

    /// The same with a further finder.
    #[must_use]
    pub fn with_finder(self, finder: Box<dyn SpanFinder>) -> Self {
        Self { detector: self.detector.with_finder(finder), ..self }
    }

    /// What finds.
    pub fn detector(&self) -> &Detector {
        &self.detector
    }

    /// Whether finds of a kind stay as they are.
    pub fn keeps(&self, kind: &str) -> bool {
        self.operator(kind).keeps()
    }

    fn operator(&self, kind: &str) -> &dyn Operator {
        self.others.get(kind).unwrap_or(&self.usual).as_ref()
    }

    /// Masks many texts on all threads; the results stand in the order of the texts.
    pub fn mask_all<T: AsRef<str> + Sync>(&self, texts: &[T]) -> Vec<Masked> {
        texts.par_iter().map(|text| self.mask(text.as_ref())).collect()
    }

    /// Masks a text.
    pub fn mask(&self, text: &str) -> Masked {
        let spans = self.detector.find(text);
        if spans.is_empty() {
            return Masked { text: text.to_owned(), spans };
        }
        let (mut masked, mut done) = (String::with_capacity(text.len()), 0);
        for span in &spans {
            masked.push_str(&text[done..span.start]);
            let operator = self.operator(&span.kind);
            masked.push_str(&operator.apply(&span.kind, span.of(text)));
            done = span.end;
        }
        masked.push_str(&text[done..]);
        Masked { text: masked, spans }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::super::{Cipher, Key, character_places};
    use super::*;
    use proptest::prelude::*;

    fn masker(operator: &str) -> (Masker, Key) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "a key for tests only").unwrap();
        let config = MaskerConfig {
            operator: Component::new(operator),
            key: KeySource { file: Some(path), env: None },
            detector: DetectorConfig { types: vec!["*".into()], ..DetectorConfig::default() },
            ..MaskerConfig::default()
        };
        (Masker::new(&config).unwrap(), Key::of(b"a key for tests only"))
    }

    static REPLACE: LazyLock<(Masker, Key)> = LazyLock::new(|| masker("replace"));
    static ENCRYPT: LazyLock<(Masker, Key)> = LazyLock::new(|| masker("encrypt"));

    /// Pieces that recognisers begin from, so that chance meets them often.
    fn texts() -> impl Strategy<Value = String> {
        let pieces = [
            "+",
            "(",
            ")",
            "-",
            " ",
            ".",
            "/",
            ":",
            "::",
            "@",
            "//",
            "http://",
            "www.",
            "a",
            "GB29",
            "京A",
            "号",
            "13812345678",
            "4111111111111111",
            "0",
            "12",
            "1987",
            "555-323-4567",
            "a@b.co",
            "，",
            "＋",
            "（",
            "０",
            "\u{200b}",
            "é",
            "电话",
            "card",
            "order",
            "SSN",
            "Mr ",
            "Ann",
            "出生",
            "[",
            "]",
            "[PHONE]",
            "x12",
            "ff",
            "eyJ",
            "-----BEGIN ",
            "\n",
            "password: ",
            "_",
            "%",
            "'",
        ];
        let piece =
            prop_oneof![4 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => "\\PC{1,3}"];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    #[test]
    fn every_operator_masks_and_the_key_restores() {
        let text = "mail a@b.co, card 4111 1111 1111 1111, 电话13812345678";
        let mask = |operator| masker(operator).0.mask(text).text;
        assert_eq!(mask("keep"), text);
        assert_eq!(mask("redact"), "mail , card , 电话");
        assert_eq!(mask("mask"), "mail *@*.**, card **** **** **** ****, 电话***********");
        let shape = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "9");
        assert_eq!(
            shape(&mask("pseudonym")).split_once(',').unwrap().1,
            shape(text).split_once(',').unwrap().1
        );
        let (masker, key) = masker("encrypt");
        assert_eq!(Cipher::new(&key).decrypt(&masker.mask(text).text).unwrap(), text);
    }

    #[test]
    fn what_is_allowed_stays() {
        let detector = DetectorConfig {
            allow: vec!["Press@Paper.example".into()],
            allow_patterns: vec![r".*@paper\.example".into(), r"400-\d{3}-\d{4}".into()],
            ..DetectorConfig::default()
        };
        let masker = Masker::new(&MaskerConfig { detector, ..MaskerConfig::default() }).unwrap();
        let masked = masker.mask("press@paper.example ann@paper.example 400-810-8888 a@b.co").text;
        assert_eq!(masked, "press@paper.example ann@paper.example 400-810-8888 [EMAIL]");
        let wrong = DetectorConfig { allow_patterns: vec!["(".into()], ..DetectorConfig::default() };
        let error = Masker::new(&MaskerConfig { detector: wrong, ..MaskerConfig::default() }).unwrap_err();
        assert!(
            error.to_string().starts_with("invalid allow_patterns: must be regular expressions, got"),
            "{error}"
        );
    }

    #[test]
    fn thresholds_and_words_decide() {
        let detector = DetectorConfig {
            thresholds: BTreeMap::from([("PHONE_NUMBER".to_owned(), 0.95)]),
            words: BTreeMap::from([("CREDIT_CARD".to_owned(), vec!["giro".to_owned()])]),
            ..DetectorConfig::default()
        };
        let masker = Masker::new(&MaskerConfig { detector, ..MaskerConfig::default() }).unwrap();
        assert_eq!(masker.mask("555-323-4567, giro 4222222222222").text, "555-323-4567, giro [CREDIT_CARD]");
    }

    /// Texts that make careless rules read the same bytes again and again.
    #[test]
    fn hostile_texts_end() {
        let (masker, _) = masker("replace");
        for piece in [
            "1-",
            "www.",
            "xwww.",
            "www.[URL]",
            "a://",
            "a://[PHONE]",
            "SSN_",
            "TOKEN_",
            "-----BEGIN ",
            "@a.",
            "::1",
            "(1",
            "-----BEGIN PRIVATE KEY-----",
            "my name is ",
            "1 ",
            "出生",
            "a@b.co ",
            "京A",
        ] {
            let text = piece.repeat(200_000 / piece.len());
            let masked = masker.mask(&text);
            assert!(masked.spans.windows(2).all(|pair| pair[0].end <= pair[1].start), "{piece}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]
        #[test]
        fn places_fit_and_twice_is_once(text in texts()) {
            let masker = &REPLACE.0;
            let masked = masker.mask(&text);
            for span in &masked.spans {
                prop_assert!(text.get(span.start..span.end).is_some_and(|part| !part.is_empty()), "{span:?}");
                prop_assert!((0.0..=1.0).contains(&span.score));
            }
            prop_assert!(masked.spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
            let chars: Vec<char> = text.chars().collect();
            for (span, (start, end)) in masked.spans.iter().zip(character_places(&text, &masked.spans)) {
                prop_assert_eq!(chars[start..end].iter().collect::<String>(), span.of(&text));
            }
            prop_assert_eq!(masker.mask(&masked.text).text, masked.text);
        }

        #[test]
        fn encryption_is_undone(text in texts()) {
            let (masker, key) = &*ENCRYPT;
            prop_assert_eq!(Cipher::new(key).decrypt(&masker.mask(&text).text).unwrap(), text);
        }
    }
}
