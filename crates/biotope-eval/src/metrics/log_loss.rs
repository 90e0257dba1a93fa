//! Mean negative log probability of the truth, in nats; clipped as scikit-learn does.

use biotope_core::{Entry, Table, Task};

use super::tally::{Mean, log_loss_of};
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, Suits};

const NAME: &str = "log-loss";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> = Entry {
    name: NAME,
    summary: "mean negative log probability of the truth, in nats",
    defaults: Table::new,
    build,
};

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    Streaming::build(NAME, task, Suits::Classes, Better::Lower, Mean::new(log_loss_of), Mean::value)
}
