//! Dots and whiskers: one metric of all models with its interval.

use super::WIDTH;
use super::axes::Scale;
use super::svg::{Anchor, Svg, fit};
use crate::Estimate;
use crate::html::number;

const ROW: f64 = 46.0;

/// The plot of `(model, estimate)`.
pub(crate) fn plot(metric: &str, models: &[(&str, Estimate)], id: &str) -> String {
    let ends = |of: fn(&Estimate) -> f64| models.iter().map(move |model| of(&model.1));
    let low = ends(|e| e.low.unwrap_or(e.value).min(e.value)).fold(f64::INFINITY, f64::min);
    let high = ends(|e| e.high.unwrap_or(e.value).max(e.value)).fold(f64::NEG_INFINITY, f64::max);
    let margin = ((high - low) * 0.08).max(1e-3);
    let bottom = 8.0 + ROW * models.len() as f64;
    let mut svg = Svg::new(WIDTH, bottom + 44.0);
    let scale = Scale::new(low - margin, high + margin, 12.0, WIDTH - 12.0);
    for tick in scale.ticks(5) {
        svg.line((scale.at(tick), 8.0), (scale.at(tick), bottom), "grid");
        svg.text((scale.at(tick), bottom + 16.0), Anchor::Middle, "tick", &scale.label(tick, 5));
    }
    svg.line((12.0, bottom), (WIDTH - 12.0, bottom), "axis");
    svg.text((WIDTH / 2.0, bottom + 36.0), Anchor::Middle, "name", metric);
    for (row, (name, estimate)) in models.iter().enumerate() {
        draw(&mut svg, &scale, 8.0 + ROW * row as f64, name, estimate);
    }
    svg.finish(id, &format!("{metric} of each model"), &describe(models))
}

fn draw(svg: &mut Svg, scale: &Scale, top: f64, name: &str, estimate: &Estimate) {
    let y = top + 31.0;
    svg.text((12.0, top + 17.0), Anchor::Start, "key halo", &fit(name, 22.0));
    svg.text((WIDTH - 12.0, top + 17.0), Anchor::End, "value halo", &number::metric(estimate.value));
    if let Some((low, high)) = estimate.interval() {
        svg.line((scale.at(low), y), (scale.at(high), y), "whisker");
        for end in [low, high] {
            svg.line((scale.at(end), y - 5.0), (scale.at(end), y + 5.0), "whisker");
        }
    }
    let words =
        format!("{name}: {} ({})", number::metric(estimate.value), number::interval(estimate.interval()));
    svg.circle((scale.at(estimate.value), y), 5.5, "dot s0", &words);
}

fn describe(models: &[(&str, Estimate)]) -> String {
    let one = |(name, estimate): &(&str, Estimate)| match estimate.interval() {
        Some((low, high)) => format!(
            "{name} {} ({} to {})",
            number::metric(estimate.value),
            number::metric(low),
            number::metric(high)
        ),
        None => format!("{name} {}", number::metric(estimate.value)),
    };
    format!("{}.", models.iter().map(one).collect::<Vec<_>>().join("; "))
}
