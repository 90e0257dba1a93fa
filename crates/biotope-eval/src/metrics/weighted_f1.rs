//! F1, mean weighted by the classes' number of rows.

use biotope_core::{Entry, Table, Task};

use super::tally::LabelCounts;
use crate::Result;
use crate::confusion::weighted;
use crate::metric::{Better, BuildMetric, Metric, Streaming, Suits};

const NAME: &str = "weighted-f1";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> =
    Entry { name: NAME, summary: "F1, mean weighted by the classes' rows", defaults: Table::new, build };

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    Streaming::build(NAME, task, Suits::Classes, Better::Higher, LabelCounts::new(task), |t| {
        (t.rows > 0).then(|| weighted(&t.counts).f1)
    })
}
