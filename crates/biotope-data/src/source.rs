//! Where documents come from: the trait, and what the file sources share.

use biotope_core::{Component, Document, Table};

use crate::Result;

pub mod charset;
pub mod fields;
pub mod files;

/// A stream of documents. An error for which [`crate::Error::is_record`] holds concerns one record, which is
/// set aside; any other ends the run.
pub type Documents<'a> = Box<dyn Iterator<Item = Result<Document>> + 'a>;

/// Something that yields documents, always in the same order.
pub trait Source {
    /// Starts from the beginning.
    fn documents(&self) -> Result<Documents<'_>>;

    /// What it is called in messages.
    fn describe(&self) -> String;
}

/// How a source is made from its options.
pub type BuildSource = fn(&Table) -> Result<Box<dyn Source>>;

/// Makes the source that a recipe names.
///
/// ```
/// use biotope_core::Component;
/// let error = biotope_data::build_source(&Component::new("cvs")).err().unwrap();
/// assert_eq!(error.hint().as_deref(), Some("did you mean \"csv\"?"));
/// ```
pub fn build_source(component: &Component) -> Result<Box<dyn Source>> {
    (crate::sources().get(&component.name)?.build)(&component.options)
}
