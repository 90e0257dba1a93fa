//! Mean negative log probability of the truth, in nats; clipped as scikit-learn does.

use biotope_core::{Entry, Table, Task};

use super::tally::{Mean, log_loss_of};
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, unsuited};

const NAME: &str = "log-loss";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> = Entry {
    name: NAME,
    summary: "mean negative log probability of the truth, in nats",
    defaults: Table::new,
    build,
};

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    if !matches!(task, Task::SingleLabel { .. } | Task::MultiLabel { .. }) {
        return unsuited(NAME, task);
    }
    let tally = Mean::new(log_loss_of);
    Ok(Box::new(Streaming {
        name: NAME,
        better: Better::Lower,
        task: task.clone(),
        tally,
        value: Mean::value,
    }))
}
