//! Share of right rows: best class (single-label), or every flag (multi-label: subset accuracy).

use biotope_core::{Entry, Table, Task};

use super::tally::Hits;
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, unsuited};

const NAME: &str = "accuracy";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> =
    Entry { name: NAME, summary: "share of rows that are right", defaults: Table::new, build };

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    if !matches!(task, Task::SingleLabel { .. } | Task::MultiLabel { .. }) {
        return unsuited(NAME, task);
    }
    let tally = Hits::default();
    Ok(Box::new(Streaming {
        name: NAME,
        better: Better::Higher,
        task: task.clone(),
        tally,
        value: |t| (t.rows > 0).then(|| t.right as f64 / t.rows as f64),
    }))
}
