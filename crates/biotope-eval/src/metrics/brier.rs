//! Brier score (1950): squared distance of probabilities from the one-hot truth, halved for two classes.

use biotope_core::{Entry, Table, Task};

use super::tally::{Mean, brier_of};
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, Suits};

const NAME: &str = "brier";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> = Entry {
    name: NAME,
    summary: "squared distance of probabilities from the truth",
    defaults: Table::new,
    build,
};

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    Streaming::build(NAME, task, Suits::OneClass, Better::Lower, Mean::new(brier_of), Mean::value)
}
