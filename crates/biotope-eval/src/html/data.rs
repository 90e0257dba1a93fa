//! The data behind a report.

use super::{escape, figure, grid, number, paragraph, table};
use crate::{DatasetSection, plots};

/// Name, text, facts, rows per split and class.
pub(super) fn section(dataset: &DatasetSection) -> String {
    let name =
        if dataset.name.is_empty() { String::new() } else { format!("<h3>{}</h3>\n", escape(&dataset.name)) };
    let bars: Vec<String> = if dataset.splits.is_empty() {
        Vec::new()
    } else {
        plots::class_bars::plots(dataset, "bars")
            .iter()
            .map(|svg| figure("card", "Rows per class", svg, "largest first"))
            .collect()
    };
    name + &paragraph("", &dataset.lead) + &splits(dataset) + &grid(&bars) + &table::facts(&dataset.facts)
}

fn splits(dataset: &DatasetSection) -> String {
    let tile = |split: &crate::SplitCounts| {
        let rows = number::count(split.counts.iter().sum());
        format!("<div><dt>{}</dt><dd>{rows}<small>rows</small></dd></div>\n", escape(&split.name))
    };
    let tiles: String = dataset.splits.iter().map(tile).collect();
    if tiles.is_empty() { tiles } else { format!("<dl class=\"tiles\">\n{tiles}</dl>\n") }
}
