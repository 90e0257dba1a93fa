//! Matthews correlation of truth and prediction, for any number of classes (Gorodkin 2004).

use biotope_core::{Entry, Table, Task};

use crate::ConfusionMatrix;
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, Suits};

const NAME: &str = "matthews";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> = Entry {
    name: NAME,
    summary: "Matthews correlation of truth and prediction",
    defaults: Table::new,
    build,
};

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    Streaming::build(
        NAME,
        task,
        Suits::OneClass,
        Better::Higher,
        ConfusionMatrix::new(task.labels().len()),
        ConfusionMatrix::matthews,
    )
}
