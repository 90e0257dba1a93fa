//! Documents from memory, as a source.

use biotope_core::Document;
use biotope_data::{Documents, Result, Source};

pub(crate) struct Given(pub(crate) Vec<Document>);

impl Source for Given {
    fn documents(&self) -> Result<Documents<'_>> {
        Ok(Box::new(self.0.iter().cloned().map(Ok)))
    }

    fn describe(&self) -> String {
        "memory".into()
    }
}
