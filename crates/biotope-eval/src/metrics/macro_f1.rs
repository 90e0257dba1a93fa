//! F1, plain mean over classes (single-label: those that occur in truth or prediction).

use biotope_core::{Entry, Table, Task};

use super::tally::LabelCounts;
use crate::Result;
use crate::confusion::macro_average;
use crate::metric::{Better, BuildMetric, Metric, Streaming, Suits};

const NAME: &str = "macro-f1";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> =
    Entry { name: NAME, summary: "F1, plain mean over classes", defaults: Table::new, build };

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    Streaming::build(NAME, task, Suits::Classes, Better::Higher, LabelCounts::new(task), |t| {
        (t.rows > 0).then(|| macro_average(&t.counts, t.is_multi).f1)
    })
}
