//! Pairs of models: is the difference more than luck?

use super::{escape, figure, grid, number};
use crate::{Comparison, Method, plots};

/// Below this p-value a difference is called more than luck.
const LEVEL: f64 = 0.05;

/// One card per pair.
pub(super) fn section(comparisons: &[Comparison]) -> String {
    let card = |(at, comparison): (usize, &Comparison)| {
        let svg = plots::difference::plot(comparison, &format!("pair-{at}"));
        let title = format!("{} against {}", comparison.b, comparison.a);
        figure("card", &title, &svg, "")
            + &format!("<p class=\"verdict\">{}</p>\n", escape(&verdict(comparison)))
    };
    let cards: Vec<String> = comparisons
        .iter()
        .enumerate()
        .map(|pair| format!("<div class=\"pair\">\n{}</div>\n", card(pair)))
        .collect();
    grid(&cards)
}

fn verdict(comparison: &Comparison) -> String {
    let test = &comparison.mcnemar;
    let (better, worse) =
        if test.n01 >= test.n10 { (&comparison.b, &comparison.a) } else { (&comparison.a, &comparison.b) };
    let found = if test.p_value < LEVEL {
        format!("{better} is better than {worse} by more than luck.")
    } else {
        "The difference may well be luck.".to_owned()
    };
    let how = match test.method {
        Method::Exact => "exact",
        Method::ChiSquare => "chi-square with continuity correction",
    };
    let (value, ends) = (comparison.difference.difference.value, comparison.difference.difference.interval());
    let ends = ends.map_or(String::new(), |(low, high)| {
        format!(" ({} to {})", number::signed(100.0 * low, 2), number::signed(100.0 * high, 2))
    });
    format!(
        "{found} McNemar {} ({how}); accuracy differs by {} points{ends} over {} rows.",
        number::p_value(test.p_value),
        number::signed(100.0 * value, 2),
        number::count(comparison.rows as u64)
    )
}
