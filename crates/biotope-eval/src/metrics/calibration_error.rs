//! Expected calibration error over ten bins of equal width.

use biotope_core::{Entry, Table, Task};

use crate::Reliability;
use crate::Result;
use crate::metric::{Better, BuildMetric, Metric, Streaming, Suits};

const NAME: &str = "calibration-error";

/// Its line of the registry.
pub(super) const ENTRY: Entry<BuildMetric> = Entry {
    name: NAME,
    summary: "gap between confidence and accuracy over ten bins",
    defaults: Table::new,
    build,
};

fn build(task: &Task) -> Result<Box<dyn Metric>> {
    Streaming::build(
        NAME,
        task,
        Suits::OneClass,
        Better::Lower,
        Reliability::new(10),
        Reliability::expected_error,
    )
}
