//! Tables: facts, and whatever a caller brings.

use super::escape;
use crate::Table;

/// Facts as a list of terms.
pub(super) fn facts(facts: &[(String, String)]) -> String {
    let one = |(name, value): &(String, String)| {
        format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(value))
    };
    let all: String = facts.iter().map(one).collect();
    if all.is_empty() { all } else { format!("<dl class=\"facts\">\n{all}</dl>\n") }
}

/// A table of markup: `rows` are cells already written (`<td>..</td>`).
pub(super) fn framed(caption: &str, head: &[String], rows: &[String]) -> String {
    let caption_of = escape(caption);
    let caption_row =
        if caption.is_empty() { String::new() } else { format!("<caption>{caption_of}</caption>\n") };
    let label = if caption.is_empty() { "Table" } else { &caption_of };
    let row = |row: &String| format!("<tr>{row}</tr>\n");
    let body: String = rows.iter().map(row).collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{label}\"><table>\n{caption_row}\
         <thead><tr>{}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n",
        head.concat()
    )
}

/// A table of text; columns whose cells are all numbers are set flush right.
pub(super) fn plain(table: &Table) -> String {
    let is_number: Vec<bool> = (0..table.head.len()).map(|column| is_numeric(table, column)).collect();
    let class = |column: usize| match is_number.get(column) {
        Some(true) => " class=\"n\"",
        _ => "",
    };
    let head: Vec<String> = table
        .head
        .iter()
        .enumerate()
        .map(|(column, text)| format!("<th scope=\"col\"{}>{}</th>", class(column), escape(text)))
        .collect();
    let row = |cells: &Vec<String>| -> String {
        let cell = |(column, text): (usize, &String)| format!("<td{}>{}</td>", class(column), escape(text));
        cells.iter().enumerate().map(cell).collect()
    };
    framed(&table.caption, &head, &table.rows.iter().map(row).collect::<Vec<_>>())
}

/// Whether every cell of a column starts as a number does.
fn is_numeric(table: &Table, column: usize) -> bool {
    let mut cells =
        table.rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty()).peekable();
    let starts = |text: &String| {
        let bare = text.trim_start_matches(['+', '-', '\u{2212}', '<', '>', '~', ' ']);
        bare.starts_with(|c: char| c.is_ascii_digit())
    };
    cells.peek().is_some() && cells.all(starts)
}
