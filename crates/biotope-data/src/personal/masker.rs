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
            let operator = self.others.get(span.kind.as_ref()).unwrap_or(&self.usual);
            masked.push_str(&operator.apply(&span.kind, span.of(text)));
            done = span.end;
        }
        masked.push_str(&text[done..]);
        Masked { text: masked, spans }
    }
}
