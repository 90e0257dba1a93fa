//! All recognisers over one text.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use biotope_core::Invalid;
use serde::{Deserialize, Serialize};

use super::allow::Allow;
use super::finder::SpanFinder;
use super::lexicon::{Gather, Hit, Lexicon, Words, nearest};
use super::page::Page;
use super::recognizer::{
    AGAINST, CONTEXT, Candidate, Check, Find, Recognizer, Shape, THRESHOLD, VALIDATED, View,
};
use super::recognizers::{AGAINST_WORDS, LINK, NEWS, recognizers};
use super::replaced::{Replaced, first_mark};
use super::span::{Span, Why, apart};
use crate::Result;

/// Looks at what was masked and then at what is left, this many times at most.
const ROUNDS: usize = 8;

/// Longest first part of a shape.
const LONGEST: usize = 32;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetectorConfig {
    /// Kinds that are looked for (`"CREDIT_CARD"`); `"*"` is all of them.
    pub types: Vec<String>,
    /// The score that finds of a kind need, where it is not 0.5.
    pub thresholds: BTreeMap<String, f32>,
    /// Further words, by kind, that speak for a find if they stand near it.
    pub words: BTreeMap<String, Vec<String>>,
    /// What is never masked, as it stands in the text (without case).
    pub allow: Vec<String>,
    /// Regular expressions; what one of them matches wholly is never masked.
    pub allow_patterns: Vec<String>,
}

impl Default for DetectorConfig {
    fn default() -> Self {
        Self {
            types: NEWS.iter().map(|kind| (*kind).to_owned()).collect(),
            thresholds: BTreeMap::new(),
            words: BTreeMap::new(),
            allow: Vec::new(),
            allow_patterns: Vec::new(),
        }
    }
}

/// A recogniser in use.
#[derive(Debug)]
struct Active {
    recognizer: &'static Recognizer,
    threshold: f32,
    words: Words,
}

/// Finds personal data. Made once; used from any number of threads.
pub struct Detector {
    active: Vec<Active>,
    /// By the length of a shape's first part: which recogniser, which shape.
    shapes: Vec<Vec<(usize, Shape, Option<Check>)>>,
    lexicon: Lexicon,
    against: Words,
    allow: Allow,
    thresholds: BTreeMap<String, f32>,
    kinds: BTreeSet<String>,
    finders: Vec<Box<dyn SpanFinder>>,
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Detector").field("kinds", &self.kinds).finish_non_exhaustive()
    }
}

impl Detector {
    /// A detector for the kinds that the configuration names.
    pub fn new(config: &DetectorConfig) -> Result<Self> {
        let kinds = chosen(config)?;
        let mut gather = Gather::default();
        let mut active = Vec::new();
        let list = recognizers();
        for entry in list.entries().iter().filter(|entry| kinds.contains(entry.build.kind)) {
            let recognizer = entry.build;
            let own = config.words.get(recognizer.kind).into_iter().flatten().map(String::as_str);
            let words = gather.add(recognizer.words.iter().copied().chain(own));
            let threshold = config.thresholds.get(recognizer.kind).copied().unwrap_or(THRESHOLD);
            active.push(Active { recognizer, threshold, words });
        }
        let against = gather.add(AGAINST_WORDS.iter().copied());
        Ok(Self {
            shapes: by_length(&active),
            active,
            lexicon: gather.lexicon(),
            against,
            allow: Allow::new(&config.allow, &config.allow_patterns)?,
            thresholds: config.thresholds.clone(),
            kinds,
            finders: Vec::new(),
        })
    }

    /// The same with a further finder. Its kinds need not be among the configured ones.
    #[must_use]
    pub fn with_finder(mut self, finder: Box<dyn SpanFinder>) -> Self {
        self.finders.push(finder);
        self
    }

    /// The kinds that are looked for.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.kinds.iter().map(String::as_str)
    }

    /// Personal data of a text, in order, without overlaps; places are bytes of the text as given.
    ///
    /// What was found is replaced in thought and the rest looked at again, until nothing more is found or it was looked at
    /// [`ROUNDS`] times: so replacing in a text whose finds are replaced changes nothing.
    pub fn find(&self, text: &str) -> Vec<Span> {
        let mut spans = self.look(text);
        for _ in 1..ROUNDS {
            if spans.is_empty() {
                break;
            }
            let replaced = Replaced::new(text, &spans);
            let more = self.look(replaced.text());
            let more: Vec<Span> = more.into_iter().filter_map(|span| replaced.original(span)).collect();
            if more.is_empty() {
                break;
            }
            spans.extend(more);
            spans.sort_by_key(|span| span.start);
        }
        spans
    }

    /// One look at a text.
    fn look(&self, text: &str) -> Vec<Span> {
        let page = Page::new(text);
        let hits = OnceCell::new();
        let mut spans = Vec::new();
        let mut candidates = Vec::new();
        for active in &self.active {
            if let Find::Scan(scan) = active.recognizer.find {
                let view = View { page: &page, lexicon: &self.lexicon, hits: &hits, own: &active.words };
                scan(&view, &mut candidates);
                spans.extend(candidates.drain(..).filter_map(|c| self.judge(active, &page, &hits, &c)));
            }
        }
        for (index, candidate) in self.shaped(&page) {
            spans.extend(self.judge(&self.active[index], &page, &hits, &candidate));
        }
        for finder in &self.finders {
            let found = finder.find(text).into_iter().filter_map(|s| s.span(finder.name(), text));
            let needed = |kind: &str| self.thresholds.get(kind).copied().unwrap_or(THRESHOLD);
            spans.extend(found.filter(|span| span.score >= needed(&span.kind)));
        }
        spans.retain(|span| !self.allow.has(span.of(text)) && first_mark(span.of(text)).is_none());
        apart(spans)
    }

    /// Candidates by shape. Only shapes whose first part has the length of a token are tried at it.
    fn shaped(&self, page: &Page<'_>) -> Vec<(usize, Candidate)> {
        let mut found = Vec::new();
        for token in page.tokens.iter().filter(|t| t.len() <= LONGEST && page.opens(t.start)) {
            let bytes = &page.bytes()[token.start..];
            for (index, shape, check) in &self.shapes[token.len()] {
                let end = token.start + shape.form.len();
                if !fits(shape.form, bytes) || !page.closes(end) {
                    continue;
                }
                let candidate = Candidate::new(token.start, end, shape.form, shape.base);
                match check {
                    Some(check) if holds(check, &bytes[..shape.form.len()]) => {
                        found.push((*index, candidate.validated(check.name)));
                    }
                    Some(_) => {}
                    None => found.push((*index, candidate)),
                }
            }
        }
        found
    }

    /// The score of a candidate, and the span if it is enough.
    fn judge(
        &self,
        active: &Active,
        page: &Page<'_>,
        hits: &OnceCell<Vec<Hit>>,
        found: &Candidate,
    ) -> Option<Span> {
        let hits = hits.get_or_init(|| self.lexicon.hits(page.text()));
        let mut score = found.base + if found.validation.is_some() { VALIDATED } else { 0.0 };
        let word = nearest(hits, &active.words, found.start, found.end);
        let against = nearest(hits, &self.against, found.start, found.end).filter(|_| !found.alone);
        let against = against.filter(|(_, far)| word.is_none_or(|(_, near)| *far < near));
        let word = word.filter(|_| against.is_none());
        let link = !found.alone && word.is_none() && page.is_link(found.start);
        score += if word.is_some() { CONTEXT } else { 0.0 };
        score -= if against.is_some() || link { AGAINST } else { 0.0 };
        if score + f32::EPSILON * 4.0 < active.threshold {
            return None;
        }
        let name = |(hit, _): (Hit, usize)| self.lexicon.word(hit).to_owned();
        Some(Span {
            kind: active.recognizer.kind.into(),
            start: page.folded.original(found.start),
            end: page.folded.original_end(found.end),
            score: (score.clamp(0.0, 1.0) * 100.0).round() / 100.0,
            why: Why {
                recognizer: active.recognizer.name.into(),
                pattern: found.pattern.into(),
                base: found.base,
                validation: found.validation,
                word: word.map(name),
                against: against.map(name).or_else(|| link.then(|| LINK.to_owned())),
            },
        })
    }
}

/// The kinds that a configuration names, or which name is wrong.
fn chosen(config: &DetectorConfig) -> Result<BTreeSet<String>, Invalid> {
    let list = recognizers();
    let known: BTreeSet<&str> = list.entries().iter().map(|entry| entry.build.kind).collect();
    let named = config.types.iter().map(|kind| ("types", kind));
    let named = named.chain(config.words.keys().map(|kind| ("words", kind)));
    for (field, kind) in named.filter(|(_, kind)| *kind != "*") {
        if !known.contains(kind.as_str()) {
            let near = biotope_core::suggest::nearest(kind, known.iter().copied());
            let hint = near.map_or("`biotope list recognizers` names all kinds".into(), |near| {
                format!("did you mean {near:?}?")
            });
            return Err(Invalid::new(field, "must name known kinds", format!("{kind:?}")).with_hint(hint));
        }
    }
    if let Some((kind, score)) = config.thresholds.iter().find(|(_, score)| !(0.0..=1.0).contains(*score)) {
        return Err(Invalid::new(format!("thresholds.{kind}"), "must be in 0..=1", score));
    }
    Ok(if config.types.iter().any(|kind| kind == "*") {
        known.into_iter().map(str::to_owned).collect()
    } else {
        config.types.iter().cloned().collect()
    })
}

fn by_length(active: &[Active]) -> Vec<Vec<(usize, Shape, Option<Check>)>> {
    let mut table = vec![Vec::new(); LONGEST + 1];
    for (index, active) in active.iter().enumerate() {
        let Find::Shapes(shapes, check) = active.recognizer.find else { continue };
        for shape in shapes {
            let first = shape.form.bytes().take_while(|b| matches!(b, b'9' | b'A' | b'*')).count();
            table[first].push((index, *shape, check));
        }
    }
    table
}

fn fits(form: &str, bytes: &[u8]) -> bool {
    bytes.len() >= form.len()
        && form.bytes().zip(bytes).all(|(form, byte)| match form {
            b'9' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_alphabetic(),
            b'*' => byte.is_ascii_alphanumeric(),
            b'~' => matches!(byte, b' ' | b'-'),
            form => form == *byte,
        })
}

/// Whether a check holds for the letters and digits of a part.
fn holds(check: &Check, bytes: &[u8]) -> bool {
    let mut compact = [0; 64];
    let plain = bytes.iter().filter(|b| b.is_ascii_alphanumeric());
    let length = plain.zip(&mut compact).map(|(byte, place)| *place = byte.to_ascii_uppercase()).count();
    (check.holds)(&compact[..length])
}
