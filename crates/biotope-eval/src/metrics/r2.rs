//! Coefficient of determination.

use biotope_core::{Entry, Table, Task};

use super::tally::Spread;
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, Suits};

const NAME: &str = "r2";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> =
    Entry { name: NAME, summary: "coefficient of determination", defaults: Table::new, build };

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    Streaming::build(NAME, task, Suits::Number, Better::Higher, Spread::default(), Spread::r2)
}
