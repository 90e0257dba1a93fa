//! Mean squared error.

use biotope_core::{Entry, Table, Task};

use super::tally::{Mean, error_of};
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, Suits};

const NAME: &str = "mse";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> =
    Entry { name: NAME, summary: "mean squared error", defaults: Table::new, build };

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    Streaming::build(
        NAME,
        task,
        Suits::Number,
        Better::Lower,
        Mean::new(|p, t| error_of(p, t).powi(2)),
        Mean::value,
    )
}
