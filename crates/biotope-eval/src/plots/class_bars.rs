//! Rows per class and split, as stacked bars.

use super::WIDTH;
use super::svg::{Anchor, Svg, ems, fit};
use crate::DatasetSection;
use crate::html::number::count;

/// Most classes in one plot; more go to further plots on the same scale.
const ROWS: usize = 18;
const LABEL: f64 = 11.0;

/// The plots of a dataset; none without labels.
pub(crate) fn plots(dataset: &DatasetSection, id: &str) -> Vec<String> {
    let totals: Vec<u64> = (0..dataset.labels.len()).map(|label| total(dataset, label)).collect();
    let mut order: Vec<usize> = (0..totals.len()).collect();
    order.sort_by_key(|label| (std::cmp::Reverse(totals[*label]), *label));
    let most = totals.iter().copied().max().unwrap_or(0).max(1);
    let parts = order.len().div_ceil(ROWS).max(1);
    order
        .chunks(order.len().div_ceil(parts).max(1))
        .enumerate()
        .map(|(at, labels)| plot(dataset, labels, most, &format!("{id}-{at}")))
        .collect()
}

fn total(dataset: &DatasetSection, label: usize) -> u64 {
    dataset.splits.iter().filter_map(|split| split.counts.get(label)).sum()
}

fn plot(dataset: &DatasetSection, labels: &[usize], most: u64, id: &str) -> String {
    let mut svg = Svg::new(WIDTH, 34.0 + 22.0 * labels.len() as f64);
    let widest = dataset.labels.iter().map(|label| ems(label).min(LABEL)).fold(3.0, f64::max);
    let left = 12.0 * widest + 12.0;
    let right = WIDTH - 8.0 - 7.5 * count(most).chars().count() as f64;
    let mut x = 4.0;
    for (style, split) in dataset.splits.iter().enumerate() {
        svg.rect((x, 5.0), (12.0, 12.0), &format!("fill f{}", style % 4));
        svg.text((x + 17.0, 15.0), Anchor::Start, "key", &split.name);
        x += 17.0 + 12.0 * ems(&split.name) + 20.0;
    }
    for (row, &label) in labels.iter().enumerate() {
        let y = 28.0 + 22.0 * row as f64;
        svg.text((left - 6.0, y + 13.0), Anchor::End, "tick", &fit(&dataset.labels[label], LABEL));
        let end = bar(&mut svg, dataset, label, (left, y), (right - left) / most as f64);
        svg.text((end + 6.0, y + 13.0), Anchor::Start, "tick", &count(total(dataset, label)));
    }
    let names: Vec<String> =
        labels.iter().map(|l| format!("{} {}", dataset.labels[*l], count(total(dataset, *l)))).collect();
    svg.finish(id, "Rows per class and split", &format!("{}.", names.join(", ")))
}

fn bar(svg: &mut Svg, dataset: &DatasetSection, label: usize, at: (f64, f64), scale: f64) -> f64 {
    let mut x = at.0;
    for (style, split) in dataset.splits.iter().enumerate() {
        let rows = split.counts.get(label).copied().unwrap_or(0);
        let width = rows as f64 * scale;
        let words = format!("{}, {}: {}", dataset.labels[label], split.name, count(rows));
        svg.shade((x, at.1 + 2.0), (width, 15.0), &format!("fill f{}", style % 4), 1.0, &words);
        x += width;
    }
    x
}
