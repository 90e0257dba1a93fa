//! Share of label flags that are wrong.

use biotope_core::{Entry, Table, Task};

use super::tally::LabelCounts;
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, Suits};

const NAME: &str = "hamming-loss";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> =
    Entry { name: NAME, summary: "share of label flags that are wrong", defaults: Table::new, build };

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    Streaming::build(NAME, task, Suits::ManyLabels, Better::Lower, LabelCounts::new(task), wrong_flags)
}

fn wrong_flags(tally: &LabelCounts) -> Option<f64> {
    let wrong: u64 = tally.counts.iter().map(|c| c.predicted + c.actual - 2 * c.tp).sum();
    let all = tally.rows * tally.counts.len() as u64;
    (all > 0).then(|| wrong as f64 / all as f64)
}
