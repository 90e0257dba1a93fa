//! The label report as a page.

use crate::label::report::{Doubts, LabelReport};
use crate::page::{Page, count};

/// Suspects and conflicts that a page shows; the JSON has them all.
const SHOWN: usize = 200;

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

impl LabelReport {
    /// The report as one HTML file that needs nothing else.
    pub fn html(&self, name: &str) -> String {
        let lead = match &self.doubts {
            Some(doubts) => format!(
                "{} of {} documents are likely labelled wrong; {} groups of equal texts disagree.",
                count(doubts.suspects.len() as u64),
                count(self.rows),
                count(self.conflicts.len() as u64)
            ),
            None => format!("{} documents, {} labels.", count(self.rows), self.labels.len()),
        };
        let mut page = Page::new(&format!("Labels of {name}"), &lead);
        page.section("Balance", "Rows by label.");
        page.facts(&[
            ("rows", count(self.rows)),
            ("without a label", count(self.unlabelled)),
            ("largest class to smallest", format!("{:.1} to 1", self.imbalance.ratio)),
            ("evenness (1 is even)", format!("{:.3}", self.imbalance.evenness)),
            ("equal classes of that entropy", format!("{:.1}", self.imbalance.effective)),
        ]);
        let bars: Vec<_> = self.labels.iter().map(|(label, rows)| (label.clone(), vec![*rows])).collect();
        page.bars("rows by label", &["rows"], &bars);
        self.conflict_table(&mut page);
        if let Some(doubts) = &self.doubts {
            doubt_tables(&mut page, doubts);
        }
        page.html()
    }

    fn conflict_table(&self, page: &mut Page) {
        let about = match self.conflicts.len() {
            0 => "No text has two labels.".to_owned(),
            some => format!("{some} texts or near-duplicate clusters have more than one label."),
        };
        page.section("Conflicts", &about);
        let rows = self.conflicts.iter().take(SHOWN).flat_map(|conflict| {
            let row = |member: &(biotope_core::RecordId, String, String)| {
                vec![conflict.cluster.to_string()[..8].to_owned(), member.2.clone(), member.1.clone()]
            };
            conflict.members.iter().map(row).collect::<Vec<_>>()
        });
        let rows: Vec<_> = rows.collect();
        if !rows.is_empty() {
            page.table(&["cluster", "label", "source"], &rows);
        }
    }
}

fn doubt_tables(page: &mut Page, doubts: &Doubts) {
    let about = format!(
        "Confident learning over {} folds with {}: each document was judged by a model that had not seen it. The most \
         certain errors come first; a person decides.",
        doubts.folds, doubts.model
    );
    page.section("Likely errors", &about);
    page.facts(&[
        ("model agrees with the label", percent(doubts.agreement)),
        ("estimated wrong labels", percent(doubts.noise)),
        ("suspects", count(doubts.suspects.len() as u64)),
    ]);
    let confused: Vec<_> = doubts
        .confused
        .iter()
        .take(20)
        .map(|(given, class, rows)| vec![given.clone(), class.clone(), count(*rows)])
        .collect();
    if !confused.is_empty() {
        page.table(&["labelled", "reads like", "rows#"], &confused);
    }
    let suspects: Vec<_> = doubts
        .suspects
        .iter()
        .take(SHOWN)
        .map(|doubt| {
            let margin = format!("{:.3}", doubt.margin);
            vec![
                doubt.given.clone(),
                doubt.suggested.clone(),
                margin,
                doubt.excerpt.clone(),
                doubt.source.clone(),
            ]
        })
        .collect();
    if !suspects.is_empty() {
        page.table(&["labelled", "reads like", "margin#", "text", "source"], &suspects);
    }
}
