//! Where documents come from: the trait, and what the file sources share.

use std::path::PathBuf;

use biotope_core::{Component, Document, Progress, Table};

use crate::Result;

pub mod charset;
pub mod feed;
pub mod fields;
pub mod files;
pub mod sitemap;
pub mod warc;

/// A stream of documents. An error for which [`crate::Error::is_record`] holds concerns one record, which is
/// set aside; any other ends the run.
pub type Documents<'a> = Box<dyn Iterator<Item = Result<Document>> + 'a>;

/// Something that yields documents, always in the same order.
pub trait Source {
    /// Starts from the beginning.
    fn documents(&self) -> Result<Documents<'_>>;

    /// As [`Source::documents`], with what was fetched before a kill, and with progress. A source without a memory
    /// starts from the beginning.
    fn resume<'a>(&'a self, _memory: &Memory<'a>) -> Result<Documents<'a>> {
        self.documents()
    }

    /// Everything that [`Source::resume`] gave stands in a dataset or was set aside: the next call fetches anew.
    fn settle(&self, _memory: &Memory<'_>) -> Result<()> {
        Ok(())
    }

    /// Digest of what it gives, if it is known without reading.
    fn digest(&self) -> Option<String> {
        None
    }

    /// What it is called in messages.
    fn describe(&self) -> String;
}

/// What a source may keep between runs, and whom it tells how far it is.
#[derive(Clone)]
pub struct Memory<'a> {
    /// A folder of the dataset, in which each source makes its own.
    pub folder: PathBuf,
    /// Hears a few words beside the count.
    pub progress: &'a dyn Progress,
}

impl std::fmt::Debug for Memory<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").field("folder", &self.folder).finish_non_exhaustive()
    }
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

/// What a source gives, and what it says of bad records: for the tests of sources.
#[cfg(test)]
pub(crate) fn read_all(source: &dyn Source) -> (Vec<Document>, Vec<String>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for doc in source.documents().unwrap() {
        match doc {
            Ok(doc) => good.push(doc),
            Err(error) => bad.push(error.to_string()),
        }
    }
    (good, bad)
}
