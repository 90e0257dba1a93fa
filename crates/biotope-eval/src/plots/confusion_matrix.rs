//! The confusion matrix: rows are the truth, each shaded by its share; hits and errors in two colours.

use super::WIDTH;
use super::svg::{Anchor, Svg, ems, fit};
use crate::ConfusionMatrix;
use crate::html::number::{count, percent};

/// Widest label, in ems.
const LABEL: f64 = 10.0;

/// Width that a matrix of many classes may take: that of the page on a desk.
const DESK: f64 = 1064.0;

/// Side of the smallest cell, class and size of the letters, by number of classes.
fn sizes(classes: usize) -> (f64, &'static str, f64) {
    match classes {
        0..=12 => (22.0, "tick", 12.0),
        13..=24 => (24.0, "small", 10.5),
        _ => (17.0, "tiny", 9.0),
    }
}

/// The plot. Its natural width grows with the classes; the page lets it scroll.
pub(crate) fn plot(matrix: &ConfusionMatrix, labels: &[String], id: &str) -> String {
    let (least, class, letter) = sizes(labels.len());
    let margin = labels.iter().map(|label| ems(label).min(LABEL)).fold(2.0, f64::max) * letter + 10.0;
    let left = margin + 16.0;
    // Letters of the columns lean, so that the last one needs room at the right.
    let (top, lean) = (margin * 0.82 + 22.0, (margin * 0.58).max(6.0));
    let room = if labels.len() <= 12 { WIDTH } else { DESK } - left - lean;
    let cell = (room / labels.len().max(1) as f64).clamp(least, 36.0);
    let side = cell * labels.len() as f64;
    let mut svg = Svg::new(left + side + lean, top + side + 6.0);
    svg.text((left + side / 2.0, 12.0), Anchor::Middle, "name", "predicted");
    svg.turned((11.0, top + side / 2.0), Anchor::Middle, "name", "truth", -90.0);
    for (at, label) in labels.iter().enumerate() {
        let middle = (at as f64 + 0.5) * cell;
        let label = fit(label, LABEL);
        svg.text((left - 6.0, top + middle + letter / 3.0), Anchor::End, class, &label);
        svg.turned((left + middle + letter / 4.0, top - 6.0), Anchor::Start, class, &label, -55.0);
    }
    svg.rect((left, top), (side, side), "field");
    for (truth, row) in matrix.rows().iter().enumerate() {
        let total: u64 = row.iter().sum();
        for (predicted, &times) in row.iter().enumerate().filter(|cell| *cell.1 > 0) {
            let share = times as f64 / total as f64;
            let at = (left + predicted as f64 * cell, top + truth as f64 * cell);
            let words = format!(
                "truth {}, predicted {}: {} of {} ({})",
                labels[truth],
                labels[predicted],
                count(times),
                count(total),
                percent(share, 1)
            );
            draw_cell(&mut svg, at, cell, (truth == predicted, share), &words);
            let bright = if share > 0.55 { " on" } else { "" };
            let (x, y) = (at.0 + cell / 2.0, at.1 + cell / 2.0 + letter / 3.0);
            svg.text((x, y), Anchor::Middle, &format!("{class} count{bright}"), &times.to_string());
        }
    }
    svg.finish(id, "Confusion matrix", &describe(matrix, labels))
}

fn draw_cell(svg: &mut Svg, at: (f64, f64), cell: f64, (is_hit, share): (bool, f64), words: &str) {
    let class = if is_hit { "hit" } else { "miss" };
    let inner = (cell - 1.5, cell - 1.5);
    // A faint error must still be seen: the shade starts at a tenth.
    svg.shade((at.0 + 0.75, at.1 + 0.75), inner, class, (0.1 + 0.85 * share).min(0.95), words);
}

fn describe(matrix: &ConfusionMatrix, labels: &[String]) -> String {
    let errors = matrix.rows().iter().enumerate().flat_map(|(truth, row)| {
        row.iter().enumerate().filter(move |cell| cell.0 != truth).map(move |(p, times)| (*times, truth, p))
    });
    let mut errors: Vec<_> = errors.filter(|error| error.0 > 0).collect();
    errors.sort_by_key(|error| (std::cmp::Reverse(error.0), error.1, error.2));
    let worst: Vec<String> = errors
        .iter()
        .take(3)
        .map(|(times, truth, p)| format!("{} taken for {} {times} times", labels[*truth], labels[*p]))
        .collect();
    let right = format!("{} of {} rows are right.", matrix.correct(), matrix.total());
    if worst.is_empty() { right } else { format!("{right} Most frequent errors: {}.", worst.join("; ")) }
}
