//! F1 over the counts of all classes together (single-label: the accuracy).

use biotope_core::{Entry, Table, Task};

use super::tally::LabelCounts;
use crate::Result;
use crate::confusion::micro;
use crate::metric::{Better, BuildMetric, Metric, Streaming, Suits};

const NAME: &str = "micro-f1";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> =
    Entry { name: NAME, summary: "F1 over the counts of all classes together", defaults: Table::new, build };

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    Streaming::build(NAME, task, Suits::Classes, Better::Higher, LabelCounts::new(task), |t| {
        (t.rows > 0).then(|| micro(&t.counts).f1)
    })
}
