//! What every stage works with: the store, the hub, the catalogue of models, somebody who watches.

use std::path::{Path, PathBuf};

use biotope_core::{Progress, Silent};
use biotope_data::Store;
use biotope_hub::{Hub, HubConfig};
use biotope_models::Catalogue;

use crate::stamp::Stamps;
use crate::{Error, Recipe, Result};

/// The place where stages run.
pub struct House {
    /// Datasets, quarantine, runs, bundles.
    pub store: Store,
    /// Where assets come from.
    pub hub: Hub,
    /// Models by name; `catalogue.with_model(..)` adds one's own.
    pub catalogue: Catalogue,
    /// Who is told how far long work has come.
    pub progress: Box<dyn Progress>,
    /// Run every stage, even if nothing changed.
    pub force: bool,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("House")
            .field("store", &self.store)
            .field("force", &self.force)
            .finish_non_exhaustive()
    }
}

impl House {
    /// A house over the store in that folder, with the hub that the environment describes and the zoo.
    pub fn open(store: impl Into<PathBuf>) -> Result<Self> {
        Ok(Self {
            store: Store::open(store)?,
            hub: Hub::new(HubConfig::from_env()?),
            catalogue: Catalogue::default(),
            progress: Box::new(Silent),
            force: false,
        })
    }

    /// The same, watched.
    #[must_use]
    pub fn watched(self, progress: Box<dyn Progress>) -> Self {
        Self { progress, ..self }
    }

    /// `<store>/runs`.
    pub fn runs(&self) -> PathBuf {
        self.store.root().join("runs")
    }

    /// `<store>/bundles`.
    pub fn bundles(&self) -> PathBuf {
        self.store.root().join("bundles")
    }

    /// Stamps of the dataset's stages.
    pub(crate) fn stamps(&self, recipe: &Recipe) -> Stamps {
        Stamps::new(self.store.root().join("stages").join(recipe.dataset()))
    }

    /// Runs `work` on as many threads as the recipe allows; the result does not depend on their number.
    pub fn on_threads<T: Send>(&self, recipe: &Recipe, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let threads = recipe.resources.threads;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map_err(|e| Error::Threads { threads, why: e.to_string() })?.install(work)
    }
}

/// Folders directly below `path`, sorted; none if it does not exist.
pub fn folders(path: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(Error::io("read", path)(cause)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::io("read", path))?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
