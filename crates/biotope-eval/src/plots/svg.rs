//! Writing SVG: a few shapes, all text escaped, numbers short.

use std::fmt::Write;

use crate::html::escape;

/// A picture under construction.
#[derive(Debug)]
pub(crate) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Where a text is anchored.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let (x1, y1, x2, y2) = (px(from.0), px(from.1), px(to.0), px(to.1));
        self.push(&format!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" class=\"{class}\"/>"));
    }

    pub(crate) fn rect(&mut self, at: (f64, f64), size: (f64, f64), class: &str) {
        self.shade(at, size, class, 1.0, "");
    }

    /// A rectangle of some opacity; `title` is shown by a pointer that rests on it.
    pub(crate) fn shade(&mut self, at: (f64, f64), size: (f64, f64), class: &str, opacity: f64, title: &str) {
        let (x, y, w, h) = (px(at.0), px(at.1), px(size.0.max(0.0)), px(size.1.max(0.0)));
        let opacity =
            if opacity < 1.0 { format!(" fill-opacity=\"{}\"", short(opacity, 3)) } else { String::new() };
        let rect =
            format!("<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" class=\"{class}\"{opacity}");
        self.close(&rect, "rect", title);
    }

    pub(crate) fn circle(&mut self, at: (f64, f64), radius: f64, class: &str, title: &str) {
        let circle =
            format!("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" class=\"{class}\"", px(at.0), px(at.1), px(radius));
        self.close(&circle, "circle", title);
    }

    fn close(&mut self, open: &str, element: &str, title: &str) {
        if title.is_empty() {
            self.push(&format!("{open}/>"));
        } else {
            self.push(&format!("{open}><title>{}</title></{element}>", escape(title)));
        }
    }

    /// An open line through some points.
    pub(crate) fn path(&mut self, points: &[(f64, f64)], class: &str) {
        let mut d = String::new();
        for (at, (x, y)) in points.iter().enumerate() {
            let pen = if at == 0 { "M" } else { "L" };
            write!(d, "{pen}{} {}", px(*x), px(*y)).expect("a string takes all that is written");
        }
        self.push(&format!("<path d=\"{d}\" class=\"{class}\"/>"));
    }

    pub(crate) fn text(&mut self, at: (f64, f64), anchor: Anchor, class: &str, text: &str) {
        self.turned(at, anchor, class, text, 0.0);
    }

    /// A text turned by `degrees` around its anchor.
    pub(crate) fn turned(&mut self, at: (f64, f64), anchor: Anchor, class: &str, text: &str, degrees: f64) {
        let (x, y) = (px(at.0), px(at.1));
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let turn = if degrees == 0.0 {
            String::new()
        } else {
            format!(" transform=\"rotate({} {x} {y})\"", px(degrees))
        };
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        self.push(&format!("<text x=\"{x}\" y=\"{y}\"{anchor}{class}{turn}>{}</text>", escape(text)));
    }

    fn push(&mut self, markup: &str) {
        self.body.push_str(markup);
        self.body.push('\n');
    }

    /// The element, with what a screen reader says: a title and a description. `id` is unique on the page.
    pub(crate) fn finish(self, id: &str, title: &str, description: &str) -> String {
        let mut out = String::new();
        let (w, h) = (px(self.width), px(self.height));
        write!(
            out,
            "<svg viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\n\
             <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>\n{}</svg>",
            escape(title),
            escape(description),
            self.body
        )
        .expect("a string takes all that is written");
        out
    }
}

/// A coordinate: one decimal at most.
fn px(value: f64) -> String {
    short(value, 1)
}

fn short(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// About how wide a text is, in units of its size: wide characters take one, others a bit over half.
pub(crate) fn ems(text: &str) -> f64 {
    text.chars().map(em).sum()
}

fn em(c: char) -> f64 {
    match c {
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f000}'..='\u{3ffff}' => 1.0,
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' => 0.32,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.88,
        'A'..='Z' => 0.68,
        _ => 0.56,
    }
}

/// The text, or as much of it as fits into `most` ems, with an ellipsis.
pub(crate) fn fit(text: &str, most: f64) -> String {
    if ems(text) <= most {
        return text.to_owned();
    }
    let mut left = most - 1.0;
    let mut out: String = text
        .chars()
        .take_while(|c| {
            left -= em(*c);
            left >= 0.0
        })
        .collect();
    out.truncate(out.trim_end().len());
    out.push('\u{2026}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        assert_eq!(
            (px(1.0), px(-0.01), px(12.34), px(100.0)),
            ("1".into(), "0".into(), "12.3".into(), "100".into())
        );
    }

    #[test]
    fn long_labels_are_cut_in_both_scripts() {
        assert_eq!(fit("money-fx", 9.0), "money-fx");
        assert_eq!(fit("国际货币与外汇市场新闻", 6.0), "国际货币与…");
        assert!(ems(&fit("a rather long label of a class", 9.0)) <= 9.5);
    }

    #[test]
    fn text_in_a_picture_is_escaped() {
        let mut svg = Svg::new(1.0, 1.0);
        svg.text((0.0, 0.0), Anchor::Start, "", "</svg><script>");
        svg.shade((0.0, 0.0), (1.0, 1.0), "c", 0.5, "<b>");
        let out = svg.finish("x", "<t>", "<d>");
        assert!(
            !out.contains("<script>") && !out.contains("<b>") && !out.contains("<t>") && !out.contains("<d>")
        );
    }
}
