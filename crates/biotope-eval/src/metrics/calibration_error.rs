//! Expected calibration error over ten bins of equal width.

use biotope_core::{Entry, Table, Task};

use crate::Reliability;
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, unsuited};

const NAME: &str = "calibration-error";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> = Entry {
    name: NAME,
    summary: "gap between confidence and accuracy over ten bins",
    defaults: Table::new,
    build,
};

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    if !matches!(task, Task::SingleLabel { .. }) {
        return unsuited(NAME, task);
    }
    let tally = Reliability::new(10);
    Ok(Box::new(Streaming {
        name: NAME,
        better: Better::Lower,
        task: task.clone(),
        tally,
        value: Reliability::expected_error,
    }))
}
