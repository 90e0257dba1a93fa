//! Mean recall over the classes that occur in truth.

use biotope_core::{Entry, Table, Task};

use crate::ConfusionMatrix;
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, unsuited};

const NAME: &str = "balanced-accuracy";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> =
    Entry { name: NAME, summary: "mean recall over the classes that occur", defaults: Table::new, build };

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
        value: ConfusionMatrix::balanced_accuracy,
    }))
}
