//! What is printed: results on stdout, everything else on stderr.

use std::io::Write as _;

use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};
use console::style;
use serde::Serialize;

/// Prints a line on stdout. A closed pipe is no error: the reader has seen enough.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints a line on stderr.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints a value as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<()> {
    line(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// An error with its causes and what to do about it.
pub(crate) fn error(error: &anyhow::Error, as_json: bool) {
    let hint = hint(error);
    if as_json {
        note(&serde_json::json!({ "error": told(error), "hint": hint }).to_string());
        return;
    }
    note(&format!("{} {}", style("error:").red().bold().for_stderr(), told(error)));
    if let Some(hint) = hint {
        note(&format!("{} {hint}", style("hint:").cyan().bold().for_stderr()));
    }
}

/// The error with its causes; many name their cause themselves, and nothing is said twice.
fn told(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |said, cause| match cause.to_string() {
        cause if said.is_empty() => cause,
        cause if said.contains(&cause) => said,
        cause => format!("{said}: {cause}"),
    })
}

/// The advice of the first cause that has one.
fn hint(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        let ours = cause.downcast_ref::<biotope::Error>().and_then(biotope::Error::hint);
        let server = || cause.downcast_ref::<biotope_serve::Error>().and_then(biotope_serve::Error::hint);
        let invalid =
            || cause.downcast_ref::<biotope_core::Invalid>().and_then(|i| i.hint().map(str::to_owned));
        ours.or_else(server).or_else(invalid)
    })
}

/// A table for people: no frame, bold heads, as wide as the terminal.
pub(crate) fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(console::Term::stdout().size_checked().map_or(160, |(_, columns)| columns.max(60)));
    table.set_header(head.iter().map(|name| style(*name).bold().to_string()));
    rows.into_iter().for_each(|row| {
        table.add_row(row);
    });
    table.to_string()
}

/// Sends the log to stderr: warnings, with -v information, with -vv everything of ours.
pub(crate) fn logs(verbose: u8) {
    let default = ["warn", "biotope=info,biotope_serve=info,warn", "biotope=debug,biotope_serve=debug,info"];
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| default[usize::from(verbose).min(2)].into());
    let colours = console::colors_enabled_stderr();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_found_below_context() {
        let invalid = biotope_core::Invalid::new("a", "must be b", "c").with_hint("write b");
        let error = anyhow::Error::from(biotope::Error::from(invalid)).context("while reading");
        assert_eq!(hint(&error).as_deref(), Some("write b"));
    }

    #[test]
    fn nothing_is_said_twice() {
        let cause = || std::io::Error::other("no such thing");
        let io = biotope::Error::Io { doing: "read", path: "x".into(), cause: cause() };
        assert_eq!(told(&anyhow::Error::from(io)), "cannot read x: no such thing");
        assert_eq!(
            told(&anyhow::Error::from(cause()).context("while reading")),
            "while reading: no such thing"
        );
    }

    #[test]
    fn a_table_has_a_head_and_rows() {
        let table = table(&["name", "rows"], [vec!["a".to_owned(), "1".to_owned()]]);
        assert!(table.contains("name") && table.lines().count() == 2, "{table}");
    }
}
