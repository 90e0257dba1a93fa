//! Area under the ROC curve of each label against the rest, weighted by the label's number of rows.

use biotope_core::{Entry, Table, Task};

use super::tally::Scores;
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, Suits};

const NAME: &str = "weighted-auc";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> = Entry {
    name: NAME,
    summary: "area under the ROC curve, mean weighted by the labels' rows",
    defaults: Table::new,
    build,
};

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    Streaming::build(NAME, task, Suits::Classes, Better::Higher, Scores::default(), Scores::weighted_auc)
}
