//! The table: for the screen and for `docs/benchmarks.md`.

use super::row::Row;

const HEAD: [&str; 11] = [
    "case",
    "peer",
    "unit",
    "ours",
    "theirs",
    "ratio",
    "rounds",
    "to reach",
    "path",
    "RSS ours",
    "RSS theirs",
];

/// Columns of equal width.
pub(crate) fn text(rows: &[Row]) -> String {
    let lines = cells(rows);
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let pad = |(cell, width): (&String, &usize)| format!("{cell:<width$}");
    let join = |line: &Vec<String>| line.iter().zip(&widths).map(pad).collect::<Vec<_>>().join("  ");
    lines.iter().map(|line| join(line).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A table of Markdown.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut lines: Vec<String> = cells(rows).iter().map(|line| format!("| {} |", line.join(" | "))).collect();
    lines.insert(1, format!("|{}", "---|".repeat(HEAD.len())));
    lines.join("\n") + "\n"
}

fn cells(rows: &[Row]) -> Vec<Vec<String>> {
    let head = HEAD.iter().map(|name| (*name).to_owned()).collect();
    std::iter::once(head).chain(rows.iter().map(line)).collect()
}

fn line(row: &Row) -> Vec<String> {
    let ratio = match (&row.failure, row.ratio) {
        (Some(why), _) => why.replace('|', "/"),
        (None, ratio) => ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
    };
    let spread = row.spread.map(|(least, most)| format!("{least:.2}–{most:.2}")).unwrap_or_default();
    let verdict =
        |(goal, reached): &(String, bool)| format!("{goal} {}", if *reached { "yes" } else { "no" });
    vec![
        row.case.clone(),
        row.peer.clone(),
        row.unit.clone(),
        figure(row.ours, row.accuracy[0]),
        figure(row.theirs, row.accuracy[1]),
        ratio,
        spread,
        row.target.as_ref().map(verdict).unwrap_or_default(),
        row.path.clone(),
        memory(row.rss[0]),
        memory(row.rss[1]),
    ]
}

/// A number with three or four digits that count, and the accuracy beside it.
fn figure(number: Option<f64>, accuracy: Option<f64>) -> String {
    let Some(number) = number else { return "–".into() };
    let text = match number.abs() {
        small if small < 10.0 => format!("{number:.2}"),
        middle if middle < 1000.0 => format!("{number:.1}"),
        large if large < 1e6 => format!("{number:.0}"),
        _ => format!("{:.2} M", number / 1e6),
    };
    accuracy.map_or(text.clone(), |share| format!("{text} ({:.2} %)", share * 100.0))
}

fn memory(bytes: Option<f64>) -> String {
    bytes.map(|bytes| format!("{:.0} MiB", bytes / 1024.0 / 1024.0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let good = Row {
            case: "a".into(),
            peer: "PyTorch".into(),
            unit: "samples/s".into(),
            ours: Some(1234.4),
            theirs: Some(7.256),
            ratio: Some(170.12),
            spread: Some((1.0, 2.0)),
            target: Some(("≥ 2".into(), true)),
            path: "avx2".into(),
            rss: [Some(1_048_576.0), None],
            accuracy: [Some(0.95), None],
            ..Row::default()
        };
        let bad = Row { case: "long-name".into(), failure: Some("no | python".into()), ..Row::default() };
        vec![good, bad]
    }

    #[test]
    fn the_screen_has_columns() {
        let text = text(&rows());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[1],
            "a          PyTorch  samples/s  1234 (95.00 %)  7.26    170.12       1.00–2.00  ≥ 2 yes   avx2  1 MiB"
        );
        assert!(lines[2].contains("no / python") && lines[2].starts_with("long-name"));
    }

    #[test]
    fn markdown_has_a_rule_below_its_head_and_no_stray_bars() {
        let text = markdown(&rows());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("|---|---|") && lines.len() == 4);
        assert!(lines.iter().all(|line| line.matches('|').count() == HEAD.len() + 1), "{text}");
    }

    #[test]
    fn figures_keep_the_digits_that_count() {
        let looks = [(3.216, "3.22"), (75.04, "75.0"), (4386.2, "4386"), (2_453_206.0, "2.45 M")];
        for (number, look) in looks {
            assert_eq!(figure(Some(number), None), look);
        }
        assert_eq!(figure(None, Some(0.5)), "–");
    }
}
