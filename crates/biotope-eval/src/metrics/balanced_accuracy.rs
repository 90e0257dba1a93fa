//! Mean recall over the classes that occur in truth.

use biotope_core::{Entry, Table, Task};

use crate::ConfusionMatrix;
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, Suits};

const NAME: &str = "balanced-accuracy";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> =
    Entry { name: NAME, summary: "mean recall over the classes that occur", defaults: Table::new, build };

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    Streaming::build(
        NAME,
        task,
        Suits::OneClass,
        Better::Higher,
        ConfusionMatrix::new(task.labels().len()),
        ConfusionMatrix::balanced_accuracy,
    )
}
