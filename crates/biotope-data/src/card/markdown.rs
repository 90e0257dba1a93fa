//! The card as Markdown, with the YAML front matter that Hugging Face's hub reads.

use std::fmt::Write as _;

use crate::card::{DatasetCard, shown};
use crate::split::Split;

/// Text as it may stand in a cell: nothing in it is Markdown or HTML.
fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '|' | '[' | ']' | '!' | '*' | '_' | '`' => safe.extend(['\\', c]),
            '<' => safe.push_str("&lt;"),
            '\n' | '\r' => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

/// A JSON string is a YAML one.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string is JSON")
}

fn size(rows: u64) -> &'static str {
    match rows {
        0..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        1_000_000..10_000_000 => "1M<n<10M",
        _ => "n>10M",
    }
}

impl DatasetCard {
    /// The card as Markdown: `README.md` of the dataset.
    pub fn markdown(&self) -> String {
        let mut text = self.front_matter();
        let _ = write!(
            text,
            "\n# {}\n\n{} documents, version {} of {}, content digest `{}`.\n",
            cell(&self.name),
            self.rows,
            self.version,
            self.committed,
            self.digest
        );
        let labels = self.labels.iter().map(|label| {
            let of = |split| label.rows.get(&split).copied().unwrap_or(0).to_string();
            vec![cell(&label.label), of(Split::Train), of(Split::Valid), of(Split::Test)]
        });
        table(&mut text, "Labels and splits", &["label", "train", "valid", "test"], labels.collect());
        let counted = |counts: &[(String, u64)]| {
            shown(counts).iter().map(|(name, rows)| vec![cell(name), rows.to_string()]).collect::<Vec<_>>()
        };
        let pairs = |map: &std::collections::BTreeMap<String, u64>| {
            counted(&map.iter().map(|(name, rows)| (name.clone(), *rows)).collect::<Vec<_>>())
        };
        table(&mut text, "Sources", &["host or file", "documents"], counted(&self.sources));
        table(&mut text, "Languages", &["language", "documents"], pairs(&self.languages));
        table(&mut text, "Licences as found", &["licence", "documents"], counted(&self.licences));
        if self.licences.is_empty() {
            text.push_str("No source named a licence.\n");
        }
        let aside = self.set_aside.as_ref();
        table(&mut text, "Set aside", &["by", "documents"], aside.map(pairs).unwrap_or_default());
        text.push_str(match aside {
            None => "Not known: its commit does not say.\n",
            Some(steps) if steps.is_empty() => "Nothing was set aside.\n",
            Some(_) => "",
        });
        table(&mut text, "Personal data", &["type", "masked"], pairs(&self.personal));
        let _ = writeln!(text, "Masked in {} of {} documents.", self.personal_rows, self.rows);
        self.quality(&mut text);
        if !self.config.is_empty() {
            let _ =
                write!(text, "\n## How it was made\n\n```toml\n{}```\n", self.config.replace("```", "'''"));
        }
        text
    }

    fn quality(&self, text: &mut String) {
        let [shortest, low, median, high, longest] = self.length.quantiles;
        let undated = self.months.get("undated").copied().unwrap_or(0);
        let openings = match self.openings {
            Some(count) => format!("was opened {count} times"),
            None => "was opened nobody knows how often: the record of openings is damaged".to_owned(),
        };
        let _ = write!(
            text,
            "\n## Quality\n\n- characters: {} in all; shortest {shortest}, 10 % below {low}, median {median}, 10 % above \
             {high}, longest {longest}\n- {} of {} documents have a title, {} a date\n- the test split \
             {openings}\n",
            self.length.total,
            self.titled,
            self.rows,
            self.rows - undated
        );
    }

    fn front_matter(&self) -> String {
        let mut text = "---\n".to_owned();
        let tags: Vec<String> =
            self.languages.keys().filter(|tag| *tag != "unknown").map(|tag| quoted(tag)).collect();
        let _ = write!(text, "pretty_name: {}\nlicense: {}\n", quoted(&self.name), quoted(&self.license));
        if !tags.is_empty() {
            let _ = writeln!(text, "language: [{}]", tags.join(", "));
        }
        let files: Vec<String> = self.files.iter().map(|file| quoted(file)).collect();
        let _ = write!(
            text,
            "task_categories: [text-classification]\nsize_categories: [{}]\ntags: [biotope]\nconfigs:\n- config_name: \
             default\n  data_files: [{}]\n---\n",
            quoted(size(self.rows)),
            files.join(", ")
        );
        text
    }
}

fn table(text: &mut String, title: &str, head: &[&str], rows: Vec<Vec<String>>) {
    let _ = write!(text, "\n## {title}\n\n");
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "| {} |", head.join(" | "));
    let rule: Vec<&str> = head.iter().enumerate().map(|(n, _)| if n == 0 { "---" } else { "---:" }).collect();
    let _ = writeln!(text, "| {} |", rule.join(" | "));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text.push('\n');
}
