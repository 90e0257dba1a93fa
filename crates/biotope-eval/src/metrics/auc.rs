//! Area under the ROC curve of each label against the rest, plain mean over the labels that have one
//! (two exclusive labels: that of the second).

use biotope_core::{Entry, Table, Task};

use super::tally::Scores;
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, Suits};

const NAME: &str = "auc";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> = Entry {
    name: NAME,
    summary: "area under the ROC curve, one label against the rest, plain mean",
    defaults: Table::new,
    build,
};

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    Streaming::build(NAME, task, Suits::Classes, Better::Higher, Scores::default(), Scores::macro_auc)
}
