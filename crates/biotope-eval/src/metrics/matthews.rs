//! Matthews correlation of truth and prediction, for any number of classes (Gorodkin 2004).

use biotope_core::{Entry, Table, Task};

use crate::ConfusionMatrix;
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, unsuited};

const NAME: &str = "matthews";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> = Entry {
    name: NAME,
    summary: "Matthews correlation of truth and prediction",
    defaults: Table::new,
    build,
};

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    if !matches!(task, Task::SingleLabel { .. }) {
        return unsuited(NAME, task);
    }
    let tally = ConfusionMatrix::new(task.labels().len());
    Ok(Box::new(Streaming {
        name: NAME,
        better: Better::Higher,
        task: task.clone(),
        tally,
        value: ConfusionMatrix::matthews,
    }))
}
