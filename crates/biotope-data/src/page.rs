//! Pages that stand alone: one HTML file with its style and its plots inside, for a desk or a telephone.

use std::fmt::Write as _;

use biotope_core::markup::escape;

const STYLE: &str = include_str!("page.css");

/// A page under construction.
#[derive(Debug)]
pub(crate) struct Page {
    title: String,
    body: String,
}

/// A count with thin spaces between thousands.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{2009}');
        }
        out.push(digit);
    }
    out
}

impl Page {
    pub(crate) fn new(title: &str, lead: &str) -> Self {
        let body = format!("<h1>{}</h1>\n<p class=\"lead\">{}</p>\n", escape(title), escape(lead));
        Self { title: title.to_owned(), body }
    }

    pub(crate) fn section(&mut self, head: &str, about: &str) {
        let _ = writeln!(self.body, "<h2>{}</h2>", escape(head));
        if !about.is_empty() {
            let _ = writeln!(self.body, "<p>{}</p>", escape(about));
        }
    }

    /// Names and values side by side.
    pub(crate) fn facts(&mut self, facts: &[(&str, String)]) {
        self.body.push_str("<dl>\n");
        for (name, value) in facts {
            let _ = writeln!(self.body, "<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value));
        }
        self.body.push_str("</dl>\n");
    }

    /// A table; columns whose head ends in `#` hold numbers.
    pub(crate) fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        let class = |column: usize| {
            if head.get(column).is_some_and(|name| name.ends_with('#')) { " class=\"n\"" } else { "" }
        };
        self.body.push_str("<div class=\"wide\"><table>\n<tr>");
        for (column, name) in head.iter().enumerate() {
            let _ = write!(self.body, "<th{}>{}</th>", class(column), escape(name.trim_end_matches('#')));
        }
        self.body.push_str("</tr>\n");
        for row in rows {
            self.body.push_str("<tr>");
            for (column, cell) in row.iter().enumerate() {
                let _ = write!(self.body, "<td{}>{}</td>", class(column), escape(cell));
            }
            self.body.push_str("</tr>\n");
        }
        self.body.push_str("</table></div>\n");
    }

    /// Horizontal bars, one per name, each with its parts (name of the part, value) in different shades.
    pub(crate) fn bars(&mut self, about: &str, parts: &[&str], bars: &[(String, Vec<u64>)]) {
        const ROW: usize = 26;
        let most = bars.iter().map(|(_, values)| values.iter().sum::<u64>()).max().unwrap_or(0).max(1);
        let height = bars.len() * ROW + 4;
        let legend: Vec<String> = parts
            .iter()
            .enumerate()
            .map(|(n, name)| format!("<span class=\"key s{n}\"></span>{}", escape(name)))
            .collect();
        if parts.len() > 1 {
            let _ = writeln!(self.body, "<p class=\"legend\">{}</p>", legend.join(" "));
        }
        let _ = writeln!(
            self.body,
            "<svg role=\"img\" aria-label=\"{}\" viewBox=\"0 0 640 {height}\" width=\"640\">",
            escape(about)
        );
        for (n, (name, values)) in bars.iter().enumerate() {
            let (y, total) = (n * ROW + 4, values.iter().sum::<u64>());
            let short: String = name.chars().take(26).collect();
            let _ = write!(
                self.body,
                "<text x=\"196\" y=\"{}\" text-anchor=\"end\">{}</text>",
                y + 15,
                escape(&short)
            );
            let mut x = 204.0;
            for (part, value) in values.iter().enumerate() {
                let width = 350.0 * *value as f64 / most as f64;
                let _ = write!(
                    self.body,
                    "<rect class=\"s{part}\" x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"20\"><title>{}</title></rect>",
                    escape(&format!("{name}: {} {value}", parts.get(part).unwrap_or(&"")))
                );
                x += width;
            }
            let _ = writeln!(
                self.body,
                "<text class=\"v\" x=\"{:.1}\" y=\"{}\">{}</text>",
                x + 6.0,
                y + 15,
                count(total)
            );
        }
        self.body.push_str("</svg>\n");
    }

    /// The page as one HTML file.
    pub(crate) fn html(&self) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{}</main>\n</body>\n</html>\n",
            escape(&self.title),
            self.body
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let evil = "<script>alert('小麦')</script>\u{0}";
        let mut page = Page::new(evil, evil);
        page.section(evil, evil);
        page.facts(&[(evil, evil.to_owned())]);
        page.table(&[evil], &[vec![evil.to_owned()]]);
        page.bars(evil, &[evil, "b"], &[(evil.to_owned(), vec![1, 2])]);
        let html = page.html();
        assert!(!html.contains("<script") && !html.contains('\u{0}') && html.contains("小麦"));
        assert!(!html.contains("http"), "a page that stands alone loads nothing");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!((count(7), count(1_234_567)), ("7".into(), "1\u{2009}234\u{2009}567".into()));
    }
}
