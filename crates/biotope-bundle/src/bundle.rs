//! An opened bundle: from a raw page to an answer, by the very steps of the training.

use std::collections::HashMap;
use std::path::Path;

use biotope_core::pack::{Budget, in_order};
use biotope_core::{Component, Document, Features, Prediction, RecordId, Table, Task};
use biotope_data::{Pipeline, Reason, Verdict};
use biotope_eval::Evaluation;
use biotope_models::Catalogue;
use biotope_nn::{Batch, Example, Frozen, Mode, Model, Precision, decode, params};
use biotope_text::{Featurizer, open_featurizer};
use candle_core::{DType, Device};
use candle_nn::VarBuilder;
use rayon::prelude::*;
use serde::Deserialize;

use crate::files::{self, EVALUATION, LABELS, LINEAGE, SERVE, STEPS, WEIGHTS};
use crate::lineage::{self, Lineage};
use crate::manifest::Manifest;
use crate::save::{Parts, signature};
use crate::settings::Settings;
use crate::{Answer, Error, Explanation, Predictor, Result, Signature, explain};

/// What goes through the model at once, unless told otherwise.
pub const BUDGET: Budget = Budget { tokens: 4096, examples: 64 };

/// A bundle, verified and ready to predict.
pub struct Bundle {
    signature: Signature,
    lineage: Lineage,
    evaluation: Option<Evaluation>,
    training_ids: Vec<RecordId>,
    serve: Table,
    pipeline: Pipeline,
    featurizer: Box<dyn Featurizer>,
    model: Box<dyn Model>,
    /// The model's form without graph, if it has one.
    frozen: Option<Box<dyn Frozen>>,
    precision: Precision,
    budget: Budget,
}

#[derive(Deserialize)]
struct Steps {
    #[serde(default)]
    steps: Vec<Component>,
}

impl Bundle {
    /// Opens a folder that [`Bundle::save`] wrote. Every file is held against the manifest first.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(dir, &Catalogue::default())
    }

    /// As [`Bundle::open`], with models of one's own.
    pub fn open_with(dir: impl AsRef<Path>, catalogue: &Catalogue) -> Result<Self> {
        let dir = dir.as_ref();
        let manifest = Manifest::read(dir)?;
        manifest.verify(dir)?;
        let settings = Settings::read(dir)?;
        let task: Task = files::read_json(&dir.join(LABELS))?;
        let evaluation =
            manifest.files.contains_key(EVALUATION).then(|| files::read_json(&dir.join(EVALUATION)));
        let model = open_model(dir, catalogue, &settings, &task)?;
        let signature = signature(&manifest.name, &manifest.version, &task, &settings);
        Ok(Self {
            signature: Signature { digest: Some(manifest.digest()), ..signature },
            lineage: files::read_json(&dir.join(LINEAGE))?,
            evaluation: evaluation.transpose()?,
            training_ids: lineage::read_ids(dir)?,
            serve: if manifest.files.contains_key(SERVE) { open_serve(dir)? } else { Table::new() },
            pipeline: open_steps(dir)?,
            featurizer: open_featurizer(dir)?,
            frozen: model.freeze(Precision::F32)?,
            precision: Precision::F32,
            model,
            budget: BUDGET,
        })
    }

    /// Writes a bundle into a new folder; see [`Parts`].
    pub fn save(dir: impl AsRef<Path>, parts: &Parts<'_>) -> Result<Signature> {
        parts.save(dir.as_ref())
    }

    /// The same with another budget for what goes through the model at once.
    #[must_use]
    pub fn with_budget(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    /// The same with products in other numbers (a bundle opens in `f32`); a model that gains nothing from them stays in
    /// `f32`.
    pub fn with_precision(self, precision: Precision) -> Result<Self> {
        if precision == self.precision {
            return Ok(self);
        }
        Ok(Self { frozen: self.model.freeze(precision)?, precision, ..self })
    }

    /// What it was made from.
    pub fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// What its test showed.
    pub fn evaluation(&self) -> Option<&Evaluation> {
        self.evaluation.as_ref()
    }

    /// The records that it was trained on, sorted.
    pub fn training_ids(&self) -> &[RecordId] {
        &self.training_ids
    }

    /// Whether it was trained on a record.
    pub fn was_trained_on(&self, id: RecordId) -> bool {
        self.training_ids.binary_search(&id).is_ok()
    }

    /// Options of the server as the recipe gave them; empty if it gave none.
    pub fn serve(&self) -> &Table {
        &self.serve
    }

    /// The cleaning steps.
    pub fn steps(&self) -> &[Component] {
        self.pipeline.components()
    }

    /// Predictions for clean documents, in their order, in packed batches.
    pub fn predict_clean(&self, docs: &[Document]) -> Result<Vec<Prediction>> {
        let features = self.featurizer.features_all(docs)?;
        let lengths: Vec<usize> = features.iter().map(Features::len).collect();
        let example = |(doc, features): (&Document, Features)| Example { id: doc.id, features, target: None };
        let examples: Vec<Example> = docs.iter().zip(features).map(example).collect();
        let mut predictions = Vec::with_capacity(docs.len());
        for indices in in_order(&lengths, self.budget) {
            let members: Vec<&Example> = indices.iter().map(|index| &examples[*index]).collect();
            let batch = Batch::collate(&members, &Device::Cpu)?;
            let output = match &self.frozen {
                Some(frozen) => frozen.output(&batch.input)?,
                None => self.model.forward(&batch, Mode::Eval)?,
            };
            predictions.extend(decode(&self.signature.task, &output.logits, &batch.ids)?);
        }
        Ok(predictions)
    }
}

fn open_steps(dir: &Path) -> Result<Pipeline> {
    let path = dir.join(STEPS);
    let steps: Steps =
        toml::from_str(&files::read_text(&path)?).map_err(|error| Error::content(&path, error.message()))?;
    Ok(Pipeline::open(&steps.steps)?)
}

fn open_serve(dir: &Path) -> Result<Table> {
    let path = dir.join(SERVE);
    toml::from_str(&files::read_text(&path)?).map_err(|error| Error::content(&path, error.message()))
}

/// Builds the model straight over the saved tensors: nothing is drawn first to be overwritten.
fn open_model(dir: &Path, catalogue: &Catalogue, settings: &Settings, task: &Task) -> Result<Box<dyn Model>> {
    let tensors: HashMap<_, _> = params::open(&dir.join(WEIGHTS), &Device::Cpu)?.into_iter().collect();
    let vb = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
    let model = catalogue.filled(&settings.model, settings.vocab_size)?;
    Ok((catalogue.get(&model.name)?.build)(&model.options, task, vb)?)
}

impl Predictor for Bundle {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict(&self, docs: &[Document]) -> Result<Vec<Answer>> {
        let verdicts: Vec<Verdict> = docs.par_iter().map(|doc| self.pipeline.apply(doc.clone())).collect();
        let mut kept = Vec::with_capacity(docs.len());
        let mut refused = Vec::with_capacity(docs.len());
        for verdict in verdicts {
            match verdict {
                Verdict::Keep(doc) => {
                    kept.push(doc);
                    refused.push(None);
                }
                Verdict::Drop(_, reason) => refused.push(Some(reason)),
            }
        }
        let mut predictions = self.predict_clean(&kept)?.into_iter();
        let answer = |reason: Option<Reason>| match reason {
            Some(reason) => Answer::Refused(reason),
            None => Answer::Predicted(predictions.next().expect("one prediction per kept document")),
        };
        Ok(refused.into_iter().map(answer).collect())
    }

    fn clean(&self, doc: &Document) -> Result<Document, Reason> {
        match self.pipeline.apply(doc.clone()) {
            Verdict::Keep(doc) => Ok(doc),
            Verdict::Drop(_, reason) => Err(reason),
        }
    }

    /// As the trait tells; the steps run once, on the whole document.
    fn explain(&self, doc: &Document, label: Option<usize>, words: usize) -> Result<Explanation> {
        match self.clean(doc) {
            Ok(doc) => explain::occlusion(&doc, label, words, &mut |docs| {
                Ok(self.predict_clean(docs)?.into_iter().map(Answer::Predicted).collect())
            }),
            Err(reason) => {
                let label = label.unwrap_or_default();
                Ok(Explanation { answer: Answer::Refused(reason), label, words: Vec::new() })
            }
        }
    }
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle").field("signature", &self.signature).finish_non_exhaustive()
    }
}
