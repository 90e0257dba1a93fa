//! Coefficient of determination.

use biotope_core::{Entry, Table, Task};

use super::tally::Spread;
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, unsuited};

const NAME: &str = "r2";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> =
    Entry { name: NAME, summary: "coefficient of determination", defaults: Table::new, build };

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    if !matches!(task, Task::Regression) {
        return unsuited(NAME, task);
    }
    let tally = Spread::default();
    Ok(Box::new(Streaming {
        name: NAME,
        better: Better::Higher,
        task: task.clone(),
        tally,
        value: Spread::r2,
    }))
}
