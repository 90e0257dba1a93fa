//! Area under the ROC curve of each label against the rest, plain mean over the labels that have one
//! (two exclusive labels: that of the second).

use biotope_core::{Entry, Table, Task};

use super::tally::Scores;
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, unsuited};

const NAME: &str = "auc";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> = Entry {
    name: NAME,
    summary: "area under the ROC curve, one label against the rest, plain mean",
    defaults: Table::new,
    build,
};

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    if !matches!(task, Task::SingleLabel { .. } | Task::MultiLabel { .. }) {
        return unsuited(NAME, task);
    }
    let tally = Scores::default();
    Ok(Box::new(Streaming {
        name: NAME,
        better: Better::Higher,
        task: task.clone(),
        tally,
        value: Scores::macro_auc,
    }))
}
