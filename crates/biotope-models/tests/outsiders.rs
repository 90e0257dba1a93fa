//! A team that may not touch the zoo adds a model; the suite finds what is wrong with a bad one.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use biotope_core::{Component, Config, Entry, Seed, Table, Task, config};
use biotope_models::{Catalogue, check, model};
use biotope_nn::layers::{Activation, Embedding, Linear, pooling};
use biotope_nn::{Batch, Mode, Model, ModelConfig, Output, Params, Result};
use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use candle_nn::init::{DEFAULT_KAIMING_NORMAL, ONE};
use serde::{Deserialize, Serialize};

/// The mean of the embeddings, with faults to order: `fault` is 0 for none.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MeanConfig {
    vocab_size: usize,
    fault: u8,
}

impl Config for MeanConfig {
    const NAME: &'static str = "mean-of-words";
    const SUMMARY: &'static str = "for tests";
}

struct Mean {
    fault: u8,
    embedding: Embedding,
    classifier: Linear,
    unused: Option<Tensor>,
}

impl ModelConfig for MeanConfig {
    type Model = Mean;

    fn build(&self, task: &Task, vb: VarBuilder) -> Result<Mean> {
        let unused = (self.fault == 1).then(|| vb.get_with_hints(3, "unused", ONE)).transpose()?;
        Ok(Mean {
            fault: self.fault,
            embedding: Embedding::sparse(self.vocab_size, 16, DEFAULT_KAIMING_NORMAL, &vb.pp("embedding"))?,
            classifier: Linear::new(16, task.outputs(), Activation::Identity, &vb.pp("classifier"))?,
            unused,
        })
    }
}

impl Model for Mean {
    fn forward(&self, batch: &Batch, mode: Mode) -> Result<Output> {
        let (tokens, offsets) = batch.input.tokens()?;
        let mut rows = Vec::new();
        let words = self.embedding.forward(tokens, mode, &mut rows)?;
        let mut pooled = pooling::mean(&words, offsets)?;
        match self.fault {
            // The neighbours leak in.
            2 => pooled = pooled.broadcast_add(&pooled.mean_keepdim(0)?)?,
            // The graph is cut.
            3 => pooled = pooled.detach(),
            // One text too few.
            4 => pooled = pooled.narrow(0, 1, batch.len() - 1)?,
            _ => {}
        }
        let logits = self.classifier.forward(&pooled, mode)?;
        let extra = self.unused.as_ref().map_or(0.0, |_| 1.0);
        Ok(Output::sparse((logits + extra)?, rows))
    }
}

fn defaults<const FAULT: u8>() -> Table {
    config::to_table(&MeanConfig { vocab_size: 0, fault: FAULT })
}

fn findings<const FAULT: u8>() -> String {
    let dir = tempfile::tempdir().unwrap();
    let entry = Entry { defaults: defaults::<FAULT>, ..model::<MeanConfig>() };
    check::conforms(&entry, dir.path()).join("\n")
}

#[test]
fn a_model_from_outside_is_named_built_and_conforms() {
    assert_eq!(findings::<0>(), "");
    let catalogue = Catalogue::default().with_model(model::<MeanConfig>());
    let params = Params::new(Seed(1), &Device::Cpu);
    let task = Task::single_label(["a", "b"]);
    catalogue.build(&Component::new("mean-of-words"), &task, 9, &params).unwrap();
    assert_eq!(params.get("embedding.weight").unwrap().dims(), [9, 16]);
    let error = catalogue.get("mean-of-word").unwrap_err();
    assert_eq!(error.hint(), Some("did you mean \"mean-of-words\"?"));
}

#[test]
fn the_suite_names_each_fault() {
    assert_eq!(findings::<1>(), "mean-of-words: every parameter gets a gradient: unused");
    assert!(findings::<2>().contains("a batch answers as its members alone"), "{}", findings::<2>());
    assert!(findings::<2>().contains("neighbours change nothing"), "{}", findings::<2>());
    let cut = findings::<3>();
    assert!(cut.contains("every parameter gets a gradient: embedding.weight"), "{cut}");
    assert!(findings::<4>().contains("one row per text"), "{}", findings::<4>());
}
