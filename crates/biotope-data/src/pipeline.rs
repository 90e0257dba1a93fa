//! Steps in a row, as they travel in a bundle.

use std::panic::{AssertUnwindSafe, catch_unwind};

use biotope_core::{Component, Document};

use crate::step::{Reason, Step, Verdict, build_step};
use crate::{Error, Result};

mod watch;

use watch::Seen;

/// Longest text that steps are asked to work on, in bytes, unless told otherwise.
pub const MAX_BYTES: usize = 8 << 20;

/// Steps in a row. A document that is too large is dropped before the first of them; a step that panics (a
/// third-party parser on a hostile page) drops the document instead of ending the run.
pub struct Pipeline {
    components: Vec<Component>,
    steps: Vec<Box<dyn Step>>,
    max_bytes: usize,
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("components", &self.components).finish_non_exhaustive()
    }
}

impl Pipeline {
    /// The steps that a recipe or a bundle lists.
    pub fn open(components: &[Component]) -> Result<Self> {
        let steps = components.iter().enumerate().map(|(index, component)| {
            build_step(component).map_err(|error| match error {
                Error::Invalid(invalid) => Error::Invalid(invalid.under(&format!("steps[{index}]"))),
                other => other,
            })
        });
        let steps = steps.collect::<Result<Vec<_>>>()?;
        let settled = components.iter().zip(&steps).map(|(component, step)| match step.settled() {
            Some(options) => Component { name: component.name.clone(), options },
            None => component.clone(),
        });
        Ok(Self { components: settled.collect(), steps, max_bytes: MAX_BYTES })
    }

    /// The same with another limit on the size of a text, in bytes.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    /// The same with a step that no registry knows, at the end. It is not among [`Pipeline::components`].
    #[must_use]
    pub fn with_step(mut self, step: Box<dyn Step>) -> Self {
        self.steps.push(step);
        self
    }

    /// What it was opened from, lists from files in full: what a bundle saves.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// What becomes of a document after all steps.
    pub fn apply(&self, mut doc: Document) -> Verdict {
        if doc.text.len() > self.max_bytes {
            let why = format!("text of {} bytes, at most {} are read", doc.text.len(), self.max_bytes);
            return Verdict::Drop(doc, Reason::new("size", why));
        }
        for step in &self.steps {
            let seen = Seen::of(&doc);
            match guarded(step.as_ref(), doc) {
                Verdict::Keep(kept) => doc = kept,
                dropped @ Verdict::Drop(..) => return dropped,
            }
            seen.note(&mut doc, step.name());
        }
        Verdict::Keep(doc)
    }
}

/// Applies a step; a panic inside becomes a reason.
fn guarded(step: &dyn Step, doc: Document) -> Verdict {
    let (id, source, label, trail) = (doc.id, doc.source.clone(), doc.label.clone(), doc.trail.clone());
    let stub = Document { id, source, label, trail, ..Document::default() };
    catch_unwind(AssertUnwindSafe(|| step.apply(doc))).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        let why = format!("the step panicked: {}", said.chars().take(200).collect::<String>());
        Verdict::Drop(stub, Reason::new(step.name(), why))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Falls;

    impl Step for Falls {
        fn name(&self) -> &'static str {
            "falls"
        }

        fn apply(&self, doc: Document) -> Verdict {
            assert!(!doc.text.contains("bomb"), "index {} out of bounds", 7);
            Verdict::Keep(doc)
        }
    }

    #[test]
    fn a_panic_inside_a_step_drops_the_document_and_names_the_step() {
        let pipeline = Pipeline::open(&[]).unwrap().with_step(Box::new(Falls));
        let verdict = pipeline.apply(Document::new("a", "a bomb"));
        assert_eq!(
            verdict.reason().unwrap(),
            &Reason::new("falls", "the step panicked: index 7 out of bounds")
        );
        assert!(pipeline.apply(Document::new("a", "fine")).kept().is_some());
    }

    #[test]
    fn a_text_of_ten_megabytes_is_dropped_with_figures() {
        let verdict = Pipeline::open(&[]).unwrap().apply(Document::new("a", "字".repeat(3_333_334)));
        assert_eq!(verdict.reason().unwrap().why, "text of 10000002 bytes, at most 8388608 are read");
    }

    #[test]
    fn an_unknown_step_and_an_unknown_key_name_the_nearest() {
        let error = Pipeline::open(&[Component::new("normalise-text")]).unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("did you mean \"normalize-text\"?"));
        let error = Pipeline::open(&[Component::new("limit-length").with("max_chrs", 3)]).unwrap_err();
        assert_eq!(error.to_string(), "invalid steps[0].max_chrs: is not a known key, got \"max_chrs\"");
    }
}
