//! ROC curves of each class against the rest. With many classes the hardest are picked out.

use super::axes::Frame;
use super::svg::{Anchor, Svg, fit};
use super::{STYLES, WIDTH};
use crate::html::number;
use crate::{ClassReport, RocCurve};

/// The plot; `None` if no class has a curve.
pub(crate) fn plot(classes: &[ClassReport], id: &str) -> Option<String> {
    let mut curves: Vec<(&str, f64, &RocCurve)> = classes
        .iter()
        .filter_map(|c| c.auc.zip(c.roc.as_ref()).map(|(area, roc)| (c.label.as_str(), area, roc)))
        .collect();
    curves.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(b.0)));
    if curves.is_empty() {
        return None;
    }
    let named = curves.len().min(STYLES);
    let mut svg = Svg::new(WIDTH, 372.0);
    let frame = Frame::new([50.0, 12.0, WIDTH - 12.0, 324.0], (0.0, 1.0), (0.0, 1.0));
    frame.draw(&mut svg, "false positive rate", "true positive rate");
    svg.line(frame.at(0.0, 0.0), frame.at(1.0, 1.0), "guide");
    for (_, _, roc) in &curves[named..] {
        svg.path(&points(&frame, roc), "line faint");
    }
    for (style, (_, _, roc)) in curves[..named].iter().enumerate().rev() {
        svg.path(&points(&frame, roc), &format!("line s{style}"));
    }
    legend(&mut svg, &frame, &curves[..named], curves.len() - named);
    Some(svg.finish(id, "ROC curves, each class against the rest", &describe(&curves)))
}

fn points(frame: &Frame, roc: &RocCurve) -> Vec<(f64, f64)> {
    roc.fpr.iter().zip(&roc.tpr).map(|(x, y)| frame.at(*x, *y)).collect()
}

/// In the lower right corner, where good curves do not go.
fn legend(svg: &mut Svg, frame: &Frame, named: &[(&str, f64, &RocCurve)], others: usize) {
    let rows = named.len() + usize::from(others > 0);
    let (left, mut y) = (frame.right - 172.0, frame.bottom - 18.0 * rows as f64 - 4.0);
    svg.shade((left - 8.0, y - 6.0), (180.0, 18.0 * rows as f64 + 8.0), "plate", 0.85, "");
    for (style, (label, area, _)) in named.iter().enumerate() {
        svg.line((left, y + 5.0), (left + 20.0, y + 5.0), &format!("line s{style}"));
        svg.text((left + 26.0, y + 9.0), Anchor::Start, "key", &fit(label, 8.0));
        svg.text((frame.right - 4.0, y + 9.0), Anchor::End, "key", &number::metric(*area));
        y += 18.0;
    }
    if others > 0 {
        svg.line((left, y + 5.0), (left + 20.0, y + 5.0), "line faint");
        svg.text((left + 26.0, y + 9.0), Anchor::Start, "key", &others_of(others));
    }
}

fn others_of(others: usize) -> String {
    if others == 1 { "1 other, better".to_owned() } else { format!("{others} others, better") }
}

fn describe(curves: &[(&str, f64, &RocCurve)]) -> String {
    let one = |c: &(&str, f64, &RocCurve)| format!("{} {}", c.0, number::metric(c.1));
    let all: Vec<String> = curves.iter().map(one).collect();
    format!("Areas under the curves, lowest first: {}.", all.join(", "))
}
