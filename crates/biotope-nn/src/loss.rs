//! What training makes small.

mod binary_cross_entropy;
mod cross_entropy;
mod mse;

use biotope_core::{Component, Config, Entry, Registry, Table, config};
use candle_core::Tensor;

use crate::{Batch, Error, Output, Result, Targets};

pub use binary_cross_entropy::{BinaryCrossEntropy, BinaryCrossEntropyConfig};
pub use cross_entropy::{CrossEntropy, CrossEntropyConfig};
pub use mse::{Mse, MseConfig};

/// A loss.
pub trait Loss: Send + Sync {
    /// The mean loss of a batch, a scalar that can be differentiated.
    fn loss(&self, output: &Output, batch: &Batch) -> Result<Tensor>;
}

/// Makes a loss from its options.
pub type BuildLoss = fn(&Table) -> Result<Box<dyn Loss>>;

const LOSSES: &[Entry<BuildLoss>] = &[
    Entry::of::<BinaryCrossEntropyConfig>(build::<BinaryCrossEntropyConfig>),
    Entry::of::<CrossEntropyConfig>(build::<CrossEntropyConfig>),
    Entry::of::<MseConfig>(build::<MseConfig>),
];

/// All losses by name.
pub fn losses() -> Registry<BuildLoss> {
    Registry::new("loss", LOSSES)
}

/// The loss that a recipe names.
pub fn build_loss(component: &Component) -> Result<Box<dyn Loss>> {
    (losses().get(&component.name)?.build)(&component.options)
}

trait LossConfig: Config {
    fn build(self) -> Box<dyn Loss>;
}

fn build<C: LossConfig>(options: &Table) -> Result<Box<dyn Loss>> {
    Ok(config::from_table::<C>(options)?.build())
}

fn wrong(loss: &'static str, expected: &'static str, batch: &Batch) -> Error {
    Error::Targets { loss, expected, got: batch.targets.as_ref().map_or("nothing", Targets::kind) }
}
