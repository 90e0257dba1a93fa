//! The difference of two models: its interval beside zero, and who is right where the other is wrong.

use super::WIDTH;
use super::axes::Scale;
use super::svg::{Anchor, Svg, fit};
use crate::Comparison;
use crate::html::number::{count, percent, signed};

/// The plot.
pub(crate) fn plot(comparison: &Comparison, id: &str) -> String {
    let mut svg = Svg::new(WIDTH, 172.0);
    interval(&mut svg, comparison);
    disagreements(&mut svg, comparison);
    let estimate = &comparison.difference.difference;
    let ends = estimate.interval().map_or(String::new(), |(low, high)| {
        format!(", interval {} to {} points", signed(100.0 * low, 2), signed(100.0 * high, 2))
    });
    let words = format!(
        "Accuracy of {} less that of {}: {} points{ends}. {} rows only {} has right, {} rows only {}.",
        comparison.b,
        comparison.a,
        signed(100.0 * estimate.value, 2),
        comparison.mcnemar.n10,
        comparison.a,
        comparison.mcnemar.n01,
        comparison.b
    );
    svg.finish(id, &format!("{} against {}", comparison.b, comparison.a), &words)
}

fn interval(svg: &mut Svg, comparison: &Comparison) {
    let estimate = &comparison.difference.difference;
    let (low, high) = estimate.interval().unwrap_or((estimate.value, estimate.value));
    let reach = low.abs().max(high.abs()).max(estimate.value.abs()).max(0.001) * 110.0;
    let scale = Scale::new(-reach, reach, 12.0, WIDTH - 12.0);
    for tick in scale.ticks(5) {
        svg.line((scale.at(tick), 22.0), (scale.at(tick), 62.0), "grid");
        svg.text((scale.at(tick), 78.0), Anchor::Middle, "tick", &scale.label(tick, 5));
    }
    svg.line((scale.at(0.0), 18.0), (scale.at(0.0), 62.0), "edge");
    svg.text((12.0, 12.0), Anchor::Start, "key", &format!("\u{2190} {} better", fit(&comparison.a, 10.0)));
    svg.text(
        (WIDTH - 12.0, 12.0),
        Anchor::End,
        "key",
        &format!("{} better \u{2192}", fit(&comparison.b, 10.0)),
    );
    if estimate.interval().is_some() {
        svg.line((scale.at(100.0 * low), 42.0), (scale.at(100.0 * high), 42.0), "whisker");
        for end in [low, high] {
            svg.line((scale.at(100.0 * end), 37.0), (scale.at(100.0 * end), 47.0), "whisker");
        }
    }
    svg.circle((scale.at(100.0 * estimate.value), 42.0), 5.5, "dot s0", "");
    svg.text((WIDTH / 2.0, 96.0), Anchor::Middle, "name", "difference of accuracy, percentage points");
}

fn disagreements(svg: &mut Svg, comparison: &Comparison) {
    let (only_a, only_b) = (comparison.mcnemar.n10, comparison.mcnemar.n01);
    let all = (only_a + only_b).max(1) as f64;
    let (left, width) = (12.0, WIDTH - 24.0);
    let part = width * only_a as f64 / all;
    svg.text(
        (left, 128.0),
        Anchor::Start,
        "key",
        &format!("only {}: {}", fit(&comparison.a, 10.0), count(only_a)),
    );
    let right = format!("only {}: {}", fit(&comparison.b, 10.0), count(only_b));
    svg.text((left + width, 128.0), Anchor::End, "key", &right);
    let share = |n: u64| percent(n as f64 / all, 0);
    svg.shade((left, 136.0), (part - 1.0, 14.0), "miss", 0.8, &share(only_a));
    svg.shade((left + part + 1.0, 136.0), (width - part - 1.0, 14.0), "hit", 0.8, &share(only_b));
    svg.text((WIDTH / 2.0, 167.0), Anchor::Middle, "name", "rows that only one of the two has right");
}
