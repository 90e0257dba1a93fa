//! Scales, ticks and the frame of a plot.

use super::svg::{Anchor, Svg};

/// A linear map from data to pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) min: f64,
    pub(crate) max: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Maps `min..max` to `from..to`; an empty range is widened.
    pub(crate) fn new(min: f64, max: f64, from: f64, to: f64) -> Self {
        let (min, max) = if max > min { (min, max) } else { (min - 0.5, min + 0.5) };
        Self { min, max, from, to }
    }

    pub(crate) fn at(&self, value: f64) -> f64 {
        self.from + (value - self.min) / (self.max - self.min) * (self.to - self.from)
    }

    /// About `count` round values inside the range.
    pub(crate) fn ticks(&self, count: usize) -> Vec<f64> {
        let step = self.step(count);
        let first = (self.min / step - 1e-9).ceil() as i64;
        let last = (self.max / step + 1e-9).floor() as i64;
        (first..=last).map(|i| i as f64 * step).collect()
    }

    /// 1, 2 or 5 times a power of ten.
    fn step(&self, count: usize) -> f64 {
        let rough = (self.max - self.min) / count.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|f| f * power >= rough * 0.999).unwrap_or(10.0);
        factor * power
    }

    /// A tick's label, with as many decimals as the step needs.
    pub(crate) fn label(&self, value: f64, count: usize) -> String {
        let decimals = (-self.step(count).log10().floor()).clamp(0.0, 6.0) as usize;
        if self.max >= 10_000.0 {
            let text = crate::html::number::fixed(value / 1000.0, 1);
            return if value == 0.0 { "0".into() } else { format!("{}k", text.trim_end_matches(".0")) };
        }
        crate::html::number::fixed(value, decimals)
    }
}

/// The drawing area of a plot with two axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Frame {
    /// `area` is left, top, right, bottom in pixels.
    pub(crate) fn new(area: [f64; 4], x: (f64, f64), y: (f64, f64)) -> Self {
        let [left, top, right, bottom] = area;
        let (x, y) = (Scale::new(x.0, x.1, left, right), Scale::new(y.0, y.1, bottom, top));
        Self { x, y, left, top, right, bottom }
    }

    pub(crate) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x.at(x), self.y.at(y))
    }

    /// Grid, tick labels and axis titles.
    pub(crate) fn draw(&self, svg: &mut Svg, x_title: &str, y_title: &str) {
        for tick in self.y.ticks(5) {
            let y = self.y.at(tick);
            svg.line((self.left, y), (self.right, y), "grid");
            svg.text((self.left - 6.0, y + 4.0), Anchor::End, "tick", &self.y.label(tick, 5));
        }
        for tick in self.x.ticks(5) {
            let x = self.x.at(tick);
            svg.line((x, self.bottom), (x, self.bottom + 4.0), "axis");
            svg.text((x, self.bottom + 17.0), Anchor::Middle, "tick", &self.x.label(tick, 5));
        }
        svg.line((self.left, self.bottom), (self.right, self.bottom), "axis");
        let middle = f64::midpoint(self.left, self.right);
        svg.text((middle, self.bottom + 35.0), Anchor::Middle, "name", x_title);
        let height = f64::midpoint(self.top, self.bottom);
        svg.turned((12.0, height), Anchor::Middle, "name", y_title, -90.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let scale = Scale::new(0.0, 1.0, 0.0, 100.0);
        let labels: Vec<String> = scale.ticks(5).iter().map(|t| scale.label(*t, 5)).collect();
        assert_eq!(labels, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        let scale = Scale::new(3.0, 24_000.0, 0.0, 100.0);
        let labels: Vec<String> = scale.ticks(5).iter().map(|t| scale.label(*t, 5)).collect();
        assert_eq!(labels, ["5k", "10k", "15k", "20k"]);
    }

    #[test]
    fn a_range_without_width_still_maps() {
        let scale = Scale::new(2.0, 2.0, 0.0, 100.0);
        assert_eq!(scale.at(2.0), 50.0);
        assert!(!scale.ticks(5).is_empty());
    }
}
