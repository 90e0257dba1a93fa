//! The reliability diagram: accuracy against confidence, over a histogram of confidences.

use super::WIDTH;
use super::axes::{Frame, Scale};
use super::svg::{Anchor, Svg};
use crate::Reliability;
use crate::html::number::{count, metric};

/// The plot.
pub(crate) fn plot(reliability: &Reliability, id: &str) -> String {
    let mut svg = Svg::new(WIDTH, 372.0);
    let frame = Frame::new([50.0, 12.0, WIDTH - 12.0, 240.0], (0.0, 1.0), (0.0, 1.0));
    let below = Frame { top: 262.0, bottom: 324.0, ..frame };
    frame_of_accuracy(&mut svg, &frame);
    let most = reliability.bins().iter().map(|bin| bin.count).max().unwrap_or(0).max(1);
    let height = Scale::new(0.0, most as f64, 0.0, below.bottom - below.top);
    for bin in reliability.bins().iter().filter(|bin| bin.count > 0) {
        let (left, right) = (frame.x.at(bin.low) + 1.0, frame.x.at(bin.high) - 1.0);
        let words = format!(
            "confidence {} to {}: {} rows, mean confidence {}, accuracy {}",
            bin.low,
            bin.high,
            count(bin.count),
            metric(bin.confidence()),
            metric(bin.accuracy())
        );
        let y = frame.y.at(bin.accuracy());
        svg.shade((left, y), (right - left, frame.bottom - y), "hit", 0.45, &words);
        svg.line((left, y), (right, y), "edge");
        let middle = frame.x.at(bin.confidence());
        svg.line((middle, y), (middle, frame.y.at(bin.confidence())), "gap");
        let tall = height.at(bin.count as f64).max(1.0);
        svg.shade((left, below.bottom - tall), (right - left, tall), "bar", 1.0, &words);
    }
    svg.line(frame.at(0.0, 0.0), frame.at(1.0, 1.0), "guide");
    below_axis(&mut svg, &below, most);
    let error = reliability.expected_error().map_or(String::new(), metric);
    svg.finish(
        id,
        "Reliability diagram",
        &format!("{} Expected calibration error {error}.", describe(reliability)),
    )
}

fn frame_of_accuracy(svg: &mut Svg, frame: &Frame) {
    for tick in frame.y.ticks(5) {
        let y = frame.y.at(tick);
        svg.line((frame.left, y), (frame.right, y), "grid");
        svg.text((frame.left - 6.0, y + 4.0), Anchor::End, "tick", &frame.y.label(tick, 5));
    }
    let middle = f64::midpoint(frame.top, frame.bottom);
    svg.turned((12.0, middle), Anchor::Middle, "name", "accuracy", -90.0);
}

fn below_axis(svg: &mut Svg, below: &Frame, most: u64) {
    svg.text((below.left - 6.0, below.top + 8.0), Anchor::End, "tick", &count(most));
    svg.turned((12.0, f64::midpoint(below.top, below.bottom)), Anchor::Middle, "name", "rows", -90.0);
    svg.line((below.left, below.bottom), (below.right, below.bottom), "axis");
    for tick in below.x.ticks(5) {
        let x = below.x.at(tick);
        svg.line((x, below.bottom), (x, below.bottom + 4.0), "axis");
        svg.text((x, below.bottom + 17.0), Anchor::Middle, "tick", &below.x.label(tick, 5));
    }
    let middle = f64::midpoint(below.left, below.right);
    svg.text((middle, below.bottom + 35.0), Anchor::Middle, "name", "confidence");
}

fn describe(reliability: &Reliability) -> String {
    let one = |bin: &crate::Bin| {
        format!(
            "{} rows with confidence {} are right in {}",
            bin.count,
            metric(bin.confidence()),
            metric(bin.accuracy())
        )
    };
    let bins: Vec<String> = reliability.bins().iter().filter(|bin| bin.count > 0).map(one).collect();
    format!("{}.", bins.join("; "))
}
