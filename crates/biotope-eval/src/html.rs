//! A report as one HTML file that needs nothing else: no script, no font, no network.

use crate::Report;

mod comparisons;
mod data;
mod ladder;
mod model;
pub(crate) mod number;
mod table;
pub(crate) mod words;

pub(crate) use biotope_core::markup::escape;

const STYLE: &str = include_str!("html/style.css");

/// Nothing may be loaded or run, even if something slipped through.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// Renders a report; the same report gives the same bytes.
///
/// ```
/// let report = biotope_eval::Report { title: "Wheat & <b>oil</b>".into(), ..Default::default() };
/// assert!(biotope_eval::html(&report).contains("<h1>Wheat &amp; &lt;b&gt;oil&lt;/b&gt;</h1>"));
/// ```
pub fn html(report: &Report) -> String {
    let sections = sections(report);
    let entry = |(id, name, _): &(String, String, String)| {
        format!("<li><a href=\"#{id}\">{}</a></li>\n", escape(name))
    };
    let section = |(id, name, body): &(String, String, String)| {
        format!("<section id=\"{id}\">\n<h2>{}</h2>\n{body}</section>\n", escape(name))
    };
    let contents: String = sections.iter().map(entry).collect();
    let body: String = sections.iter().map(section).collect();
    let language = if report.language.is_empty() { "en" } else { &report.language };
    let nav = if sections.len() > 1 {
        format!("<nav aria-label=\"Contents\"><ul>\n{contents}</ul></nav>\n")
    } else {
        String::new()
    };
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n{lead}{tiles}</header>\n{nav}<main>\n{body}</main>\n\
         </body>\n</html>\n",
        escape(language),
        title = escape(&report.title),
        lead = paragraph("lead", &report.lead),
        tiles = ladder::tiles(report),
    )
}

/// Anchor, heading and body of each section that has something to say.
fn sections(report: &Report) -> Vec<(String, String, String)> {
    let mut sections = Vec::new();
    let mut add = |id: String, name: &str, body: String| {
        if !body.is_empty() {
            sections.push((id, name.to_owned(), body));
        }
    };
    add("ladder".into(), "Models side by side", ladder::section(report));
    add("comparisons".into(), "Better, or luckier?", comparisons::section(&report.comparisons));
    for (at, model) in report.models.iter().enumerate() {
        add(format!("model-{at}"), &model.name, model::section(model, &format!("m{at}")));
    }
    if let Some(dataset) = &report.dataset {
        add("data".into(), "The data", data::section(dataset));
    }
    for (at, section) in report.sections.iter().enumerate() {
        let text: String = section.text.iter().map(|text| paragraph("", text)).collect();
        let tables: String = section.tables.iter().map(table::plain).collect();
        add(format!("section-{at}"), &section.title, text + &tables);
    }
    add("facts".into(), "How it was made", table::facts(&report.facts));
    sections
}

/// A paragraph; nothing for no text.
fn paragraph(class: &str, text: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    if text.is_empty() { String::new() } else { format!("<p{class}>{}</p>\n", escape(text)) }
}

/// A picture with its caption.
fn figure(class: &str, title: &str, svg: &str, caption: &str) -> String {
    let caption = if caption.is_empty() { String::new() } else { format!(" {}", escape(caption)) };
    format!(
        "<figure class=\"{class}\">\n<figcaption><b>{}</b>{caption}</figcaption>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{0}\">{svg}</div>\n</figure>\n",
        escape(title)
    )
}

/// Pictures beside each other where there is room.
fn grid(figures: &[String]) -> String {
    if figures.is_empty() {
        String::new()
    } else {
        format!("<div class=\"grid\">\n{}</div>\n", figures.concat())
    }
}
