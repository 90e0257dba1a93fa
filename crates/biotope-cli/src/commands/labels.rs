//! `biotope labels`: imbalance, conflicts and likely errors.

use anyhow::{Context, Result};
use biotope::core::Seed;
use biotope::labels::{Examination, labels as examine};

use super::house;
use crate::args::Args;
use crate::args::dataset::LabelsArgs;
use crate::output;

/// Examines the labels of a dataset.
pub(crate) fn labels(args: &Args, wanted: &LabelsArgs) -> Result<bool> {
    let house = house(args)?;
    let how = Examination { folds: wanted.folds, with_test: wanted.with_test, seed: Seed(wanted.seed) };
    let report = examine(&house, &wanted.name, &how)?;
    if let Some(path) = &wanted.html {
        std::fs::write(path, report.html(&wanted.name))
            .with_context(|| format!("cannot write {}", path.display()))?;
        output::note(&format!("wrote {}", path.display()));
    }
    if args.json {
        output::json(&report)?;
        return Ok(true);
    }
    output::line(&format!(
        "{} rows, {} without a label; the largest class has {:.1} rows for each of the smallest, evenness {:.3}",
        report.rows, report.unlabelled, report.imbalance.ratio, report.imbalance.evenness
    ));
    output::line(&output::table(
        &["label", "rows"],
        report.labels.iter().map(|(label, rows)| vec![label.clone(), rows.to_string()]),
    ));
    for conflict in report.conflicts.iter().take(wanted.limit) {
        let members: Vec<String> =
            conflict.members.iter().map(|(_, source, label)| format!("{label} ({source})")).collect();
        output::line(&format!("conflict: {}", members.join(" · ")));
    }
    let Some(doubts) = report.doubts else { return Ok(true) };
    output::line(&format!(
        "\n{} likely errors ({:.1} % of labels estimated wrong; {} over {} folds agrees with {:.1} %)",
        doubts.suspects.len(),
        doubts.noise * 100.0,
        doubts.model,
        doubts.folds,
        doubts.agreement * 100.0
    ));
    let rows = doubts.suspects.iter().take(wanted.limit).map(|doubt| {
        let margin = format!("{:.3}", doubt.margin);
        let id = doubt.id.to_string();
        vec![doubt.given.clone(), doubt.suggested.clone(), margin, id, doubt.excerpt.replace('\n', " ")]
    });
    output::line(&output::table(&["labelled", "reads like", "margin", "record", "text"], rows));
    Ok(true)
}
