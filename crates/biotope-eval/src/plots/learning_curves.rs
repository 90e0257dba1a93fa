//! Loss and metrics over the steps of training: one plot per kind of number.

use super::axes::Frame;
use super::svg::{Anchor, Svg, ems, fit};
use super::{STYLES, WIDTH};
use crate::Curve;
use crate::html::number;

/// Most buckets that a curve is thinned to; each keeps its lowest and highest point.
const BUCKETS: usize = 150;

/// The plots of some curves with what each shows: those whose names end in the same word share one.
pub(crate) fn plots<'a>(curves: &'a [Curve], id: &str) -> Vec<(&'a str, String)> {
    let mut groups: Vec<(&'a str, Vec<&Curve>)> = Vec::new();
    for curve in curves.iter().filter(|curve| curve.points.iter().any(is_finite)) {
        let kind = curve.name.rsplit(' ').next().unwrap_or_default();
        match groups.iter_mut().find(|group| group.0 == kind) {
            Some(group) => group.1.push(curve),
            None => groups.push((kind, vec![curve])),
        }
    }
    let plot = |(at, (kind, curves)): (usize, (&'a str, Vec<&Curve>))| {
        (kind, plot(kind, &curves, &format!("{id}-{at}")))
    };
    groups.into_iter().enumerate().map(plot).collect()
}

fn plot(kind: &str, curves: &[&Curve], id: &str) -> String {
    let points = || curves.iter().flat_map(|c| &c.points).filter(|p| is_finite(p));
    let range = |of: fn(&(f64, f64)) -> f64| {
        points().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    };
    let (y_low, y_high) = range(|p| p.1);
    let margin = 0.06 * (y_high - y_low);
    let y_low = if y_low >= 0.0 && y_low < 0.4 * y_high { 0.0 } else { y_low - margin };
    let mut svg = Svg::new(WIDTH, 270.0);
    let frame = Frame::new([50.0, 34.0, WIDTH - 12.0, 224.0], range(|p| p.0), (y_low, y_high + margin));
    frame.draw(&mut svg, "step", kind);
    let mut x = frame.left;
    for (style, curve) in curves.iter().enumerate() {
        draw(&mut svg, &frame, curve, style % STYLES);
        x = legend(&mut svg, x, &curve.name, style % STYLES);
    }
    svg.finish(id, &format!("{kind} over training steps"), &describe(curves))
}

fn draw(svg: &mut Svg, frame: &Frame, curve: &Curve, style: usize) {
    let points: Vec<(f64, f64)> = thinned(&curve.points).into_iter().map(|(x, y)| frame.at(x, y)).collect();
    svg.path(&points, &format!("line s{style}"));
    if points.len() <= 30 {
        for at in points {
            svg.circle(at, 2.6, &format!("dot s{style}"), "");
        }
    }
}

fn legend(svg: &mut Svg, x: f64, name: &str, style: usize) -> f64 {
    let name = fit(name, 14.0);
    svg.line((x, 14.0), (x + 22.0, 14.0), &format!("line s{style}"));
    svg.text((x + 28.0, 18.0), Anchor::Start, "key", &name);
    x + 28.0 + 12.0 * ems(&name) + 18.0
}

/// Lowest and highest point of each bucket of steps, in the order of the steps.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let finite: Vec<(f64, f64)> = points.iter().copied().filter(is_finite).collect();
    if finite.len() <= 2 * BUCKETS {
        return finite;
    }
    let bucket = |part: &[(f64, f64)]| {
        let by = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let ends = part.iter().min_by(by).zip(part.iter().max_by(by));
        ends.map_or(vec![], |(low, high)| if low.0 <= high.0 { vec![*low, *high] } else { vec![*high, *low] })
    };
    finite.chunks(finite.len().div_ceil(BUCKETS)).flat_map(bucket).collect()
}

fn is_finite(point: &(f64, f64)) -> bool {
    point.0.is_finite() && point.1.is_finite()
}

fn describe(curves: &[&Curve]) -> String {
    let one = |curve: &&Curve| {
        let finite: Vec<&(f64, f64)> = curve.points.iter().filter(|p| is_finite(p)).collect();
        let ends = finite.first().zip(finite.last());
        ends.map_or(String::new(), |(first, last)| {
            let (from, to) = (number::metric(first.1), number::metric(last.1));
            format!("{} goes from {from} to {to} in {} points.", curve.name, finite.len())
        })
    };
    curves.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_curves_keep_their_peaks() {
        let mut points: Vec<(f64, f64)> = (0..10_000).map(|i| (f64::from(i), 1.0)).collect();
        points[7_777].1 = 9.0;
        points[3].1 = f64::NAN;
        let thin = thinned(&points);
        assert!(thin.len() <= 2 * BUCKETS && thin.contains(&(7_777.0, 9.0)));
        assert!(thin.is_sorted_by(|a, b| a.0 <= b.0));
    }

    #[test]
    fn curves_of_a_kind_share_a_plot_and_empty_ones_have_none() {
        let curve = |name: &str, points: &[(f64, f64)]| Curve { name: name.into(), points: points.to_vec() };
        let line = [(0.0, 1.0), (1.0, 0.5)];
        let curves = [
            curve("train loss", &line),
            curve("valid loss", &line),
            curve("valid macro-f1", &line),
            curve("x", &[]),
        ];
        assert_eq!(plots(&curves, "a").len(), 2);
    }
}
