//! Mean absolute error.

use biotope_core::{Entry, Table, Task};

use super::tally::{Mean, error_of};
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, unsuited};

const NAME: &str = "mae";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> =
    Entry { name: NAME, summary: "mean absolute error", defaults: Table::new, build };

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    if !matches!(task, Task::Regression) {
        return unsuited(NAME, task);
    }
    let tally = Mean::new(|p, t| error_of(p, t).abs());
    Ok(Box::new(Streaming {
        name: NAME,
        better: Better::Lower,
        task: task.clone(),
        tally,
        value: Mean::value,
    }))
}
