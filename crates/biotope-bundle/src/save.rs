//! Writing a bundle: into a hidden neighbour first, through to the disk, then renamed. It is there whole or not at all.

use std::fs;
use std::path::Path;

use biotope_core::{Component, MediaType, RecordId, Table, Task};
use biotope_data::Workplace;
use biotope_eval::Evaluation;
use biotope_models::Catalogue;
use biotope_nn::Params;
use biotope_text::Featurizer;
use serde::Serialize;

use crate::card::{self, Card, Facts};
use crate::files::{self, CARD, EVALUATION, LABELS, LINEAGE, MANIFEST, SERVE, STEPS, WEIGHTS};
use crate::lineage::{self, Lineage};
use crate::manifest::Manifest;
use crate::settings::Settings;
use crate::{Error, Result, Signature};

/// Everything that goes into a bundle.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// Name of the bundle.
    pub name: &'a str,
    /// Its version ([`crate::registry::next_version`]).
    pub version: &'a str,
    /// What it decides.
    pub task: &'a Task,
    /// The model, with the options that it was built from.
    pub model: &'a Component,
    /// Its weights.
    pub params: &'a Params,
    /// What turns documents into numbers.
    pub featurizer: &'a dyn Featurizer,
    /// The cleaning steps of the training pages.
    pub steps: &'a [Component],
    /// How the recipe says to serve it, over the server's defaults; whoever serves it may say otherwise.
    pub serve: &'a Table,
    /// What the test showed.
    pub evaluation: Option<&'a Evaluation>,
    /// What it was made from.
    pub lineage: &'a Lineage,
    /// The records that it was trained on.
    pub training_ids: &'a [RecordId],
    /// What people say about it.
    pub card: &'a Card,
    /// The models that there are.
    pub catalogue: &'a Catalogue,
}

/// How the names of unfinished bundles begin.
const DRAFT: &str = ".biotope-draft-";

#[derive(Serialize)]
struct Steps<'a> {
    steps: &'a [Component],
}

/// Most tokens of a document, if the featurizer does not say.
const MAX_LENGTH: usize = 512;

impl Parts<'_> {
    /// Writes the bundle into a folder that is not there yet, and gives the signature of what was written.
    pub fn save(&self, dir: &Path) -> Result<Signature> {
        if dir.exists() {
            return Err(Error::Exists { path: dir.to_owned() });
        }
        let home = dir.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(home).map_err(Error::io("make folder", home))?;
        // Drafts of killed processes go; those of running ones stay.
        let _workplace = Workplace::enter(home, |name| name.starts_with(DRAFT))?;
        let draft =
            tempfile::Builder::new().prefix(DRAFT).tempdir_in(home).map_err(Error::io("write", home))?;
        let signature = self.write(draft.path())?;
        let manifest = Manifest::of(draft.path(), self.name, self.version)?;
        files::write_json(&draft.path().join(MANIFEST), &manifest)?;
        files::sync_folder(draft.path())?;
        readable(draft.path())?;
        fs::rename(draft.path(), dir).map_err(Error::io("write", dir))?;
        // The draft is no more under its old name, and nothing is to be removed.
        let _renamed = draft.keep();
        files::sync_folder(home)?;
        Ok(Signature { digest: Some(manifest.digest()), ..signature })
    }

    fn write(&self, dir: &Path) -> Result<Signature> {
        let vocab_size = self.featurizer.vocab_size();
        let model = self.catalogue.filled(self.model, vocab_size)?;
        let settings = Settings { model, vocab_size, max_length: max_length(self.featurizer.component()) };
        settings.write(dir, self.task)?;
        self.params.save(&dir.join(WEIGHTS))?;
        self.featurizer.save(dir)?;
        let steps =
            toml::to_string(&Steps { steps: self.steps }).map_err(|error| Error::content(dir, error))?;
        files::write(&dir.join(STEPS), steps.as_bytes())?;
        if !self.serve.is_empty() {
            let serve = toml::to_string(self.serve).map_err(|error| Error::content(dir, error))?;
            files::write(&dir.join(SERVE), serve.as_bytes())?;
        }
        files::write_json(&dir.join(LABELS), self.task)?;
        if let Some(evaluation) = self.evaluation {
            files::write_json(&dir.join(EVALUATION), evaluation)?;
        }
        let ids = lineage::sorted(self.training_ids);
        lineage::write_ids(dir, &ids)?;
        let lineage = self.lineage.over(&ids);
        files::write_json(&dir.join(LINEAGE), &lineage)?;
        let signature = signature(self.name, self.version, self.task, &settings);
        let facts = Facts {
            card: self.card,
            signature: &signature,
            steps: self.steps,
            evaluation: self.evaluation,
            lineage: &lineage,
            parameters: self.params.elements(),
        };
        files::write(&dir.join(CARD), card::markdown(&facts).as_bytes())?;
        Ok(signature)
    }
}

pub(crate) fn signature(name: &str, version: &str, task: &Task, settings: &Settings) -> Signature {
    Signature {
        name: name.to_owned(),
        version: version.to_owned(),
        digest: None,
        model: settings.model.name.clone(),
        task: task.clone(),
        inputs: vec![MediaType::Text, MediaType::Html],
        max_length: settings.max_length,
    }
}

fn max_length(featurizer: &Component) -> usize {
    let length = featurizer.options.get("max_length").and_then(toml::Value::as_integer);
    length.and_then(|length| usize::try_from(length).ok()).unwrap_or(MAX_LENGTH)
}

/// A temporary folder is its owner's alone; a bundle is read by whoever may read the store.
#[cfg(unix)]
fn readable(dir: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).map_err(Error::io("write", dir))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> Result<()> {
    Ok(())
}
