//! The door for finders that are no pattern: a token-classification model, a list of names.

use super::span::Span;

/// Finds spans in a text by means of its own; [`super::Detector::with_finder`] weighs them with all others.
///
/// ```
/// use biotope_data::personal::{Detector, DetectorConfig, SpanFinder, Suggestion};
///
/// /// Stands for a model that knows one name.
/// struct Model;
/// impl SpanFinder for Model {
///     fn name(&self) -> &str { "model" }
///     fn find(&self, text: &str) -> Vec<Suggestion> {
///         let places = text.match_indices("Ada");
///         places.map(|(at, name)| Suggestion { kind: "PERSON".into(), start: at, end: at + name.len(), score: 0.9 }).collect()
///     }
/// }
/// let detector = Detector::new(&DetectorConfig::default())?.with_finder(Box::new(Model));
/// assert_eq!(detector.find("as Ada wrote")[0].kind, "PERSON");
/// # Ok::<(), biotope_data::Error>(())
/// ```
pub trait SpanFinder: Send + Sync {
    /// Its name in explanations.
    fn name(&self) -> &str;

    /// What it finds. Spans that do not lie on borders of characters are left out.
    fn find(&self, text: &str) -> Vec<Suggestion>;
}

/// What a finder found.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// The kind of data (`"PERSON"`).
    pub kind: String,
    /// First byte.
    pub start: usize,
    /// One behind the last byte.
    pub end: usize,
    /// How sure the finder is, from 0 to 1.
    pub score: f32,
}

impl Suggestion {
    /// As a span, if it lies in the text.
    pub(crate) fn span(self, finder: &str, text: &str) -> Option<Span> {
        let fits = self.start < self.end && text.get(self.start..self.end).is_some();
        let why = super::Why {
            recognizer: finder.to_owned().into(),
            pattern: "its own".into(),
            base: self.score,
            validation: None,
            word: None,
            against: None,
        };
        let score = self.score.clamp(0.0, 1.0);
        fits.then_some(Span { kind: self.kind.into(), start: self.start, end: self.end, score, why })
    }
}
