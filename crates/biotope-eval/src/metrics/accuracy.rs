//! Share of right rows: best class (single-label), or every flag (multi-label: subset accuracy).

use biotope_core::{Entry, Table, Task};

use super::tally::Hits;
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, Suits};

const NAME: &str = "accuracy";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> =
    Entry { name: NAME, summary: "share of rows that are right", defaults: Table::new, build };

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    Streaming::build(NAME, task, Suits::Classes, Better::Higher, Hits::default(), |t| {
        (t.rows > 0).then(|| t.right as f64 / t.rows as f64)
    })
}
