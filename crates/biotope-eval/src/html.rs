//! A report as one HTML file that needs nothing else: no script, no font, no network.

use crate::Report;

mod escape;

use escape::escape;

/// Renders a report; the same report gives the same bytes.
pub fn html(report: &Report) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{0}</title><h1>{0}</h1><p>{1}</p></html>\n",
        escape(&report.title),
        escape(&report.lead)
    )
}
