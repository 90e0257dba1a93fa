//! The ladder: all models, simplest first, by every number they share; and the winner's figures.

use biotope_core::Task;

use super::{escape, figure, grid, number, table, words};
use crate::{Better, Estimate, ModelSection, Report, plots};

/// Whiskers are drawn for the ladder's metric and for accuracy.
const SECOND: &str = "accuracy";

/// The best model by the ladder's metric.
pub(super) fn best(report: &Report) -> Option<(&ModelSection, &'static str)> {
    let metric = metric(report)?;
    if let Some(chosen) = report.models.iter().find(|model| model.name == report.chosen) {
        return Some((chosen, metric));
    }
    let value = |model: &ModelSection| model.evaluation.value(metric);
    let mut best: Option<&ModelSection> = None;
    for model in report.models.iter().filter(|model| value(model).is_some()) {
        let improves = best
            .and_then(value)
            .zip(value(model))
            .is_none_or(|(old, new)| words::better(metric).improves(new, old));
        if improves {
            best = Some(model);
        }
    }
    best.map(|model| (model, metric))
}

/// The metric by which the ladder ranks: the report's choice, else the first that a model has.
fn metric(report: &Report) -> Option<&'static str> {
    let known = |name: &&&str| report.models.iter().any(|m| m.evaluation.metric(name).is_some());
    let chosen = crate::metrics().entries().iter().map(|e| e.name).find(|name| *name == report.ladder_metric);
    chosen.or_else(|| words::COLUMNS.iter().find(known).copied())
}

/// The winner's most important numbers, large.
pub(super) fn tiles(report: &Report) -> String {
    let Some((model, metric)) = best(report) else { return String::new() };
    let mut names = vec![metric, SECOND, "auc", "calibration-error", "rmse", "mae", "r2"];
    names.dedup();
    let tile = |name: &&str| {
        let estimate = model.evaluation.metric(name)?;
        Some(format!(
            "<div><dt>{}</dt><dd>{}<small>{}</small></dd></div>\n",
            escape(words::metric(name)),
            number::metric(estimate.value),
            number::interval(estimate.interval())
        ))
    };
    let tiles: String = names.iter().filter_map(tile).take(4).collect();
    let rows = number::count(model.evaluation.rows as u64);
    let which = match (report.models.len(), report.chosen.is_empty()) {
        (0 | 1, _) => "",
        (_, true) => "Best model: ",
        (_, false) => "Chosen model: ",
    };
    format!(
        "<p class=\"best\">{which}<b>{}</b>, measured on {rows} rows</p>\n<dl class=\"tiles\">\n{tiles}</dl>\n",
        escape(&model.name)
    )
}

/// Plots and table; nothing without models.
pub(super) fn section(report: &Report) -> String {
    let Some(metric) = metric(report) else { return String::new() };
    let mut shown = vec![metric, SECOND];
    shown.dedup();
    let figures: Vec<String> = shown
        .iter()
        .map(|name| (name, estimates(report, name)))
        .filter(|(_, models)| models.len() > 1)
        .map(|(name, models)| {
            let title = words::metric(name);
            let svg = plots::ladder::plot(title, &models, &format!("ladder-{name}"));
            let way = match words::better(name) {
                Better::Higher => "higher is better",
                Better::Lower => "lower is better",
            };
            figure("card", title, &svg, way)
        })
        .collect();
    grid(&figures) + &table_of(report) + &note(report)
}

fn estimates<'a>(report: &'a Report, name: &str) -> Vec<(&'a str, Estimate)> {
    let one = |model: &'a ModelSection| Some((model.name.as_str(), *model.evaluation.metric(name)?));
    report.models.iter().filter_map(one).collect()
}

fn table_of(report: &Report) -> String {
    let is_said = |name: &&str| *name == "micro-f1" && is_single_label(report);
    let is_known = |name: &&str| !estimates(report, name).is_empty();
    let columns: Vec<&str> =
        words::COLUMNS.iter().copied().filter(|name| is_known(name) && !is_said(name)).collect();
    let mut head = vec!["<th scope=\"col\">Model</th>".to_owned()];
    head.extend(
        columns.iter().map(|name| format!("<th scope=\"col\" class=\"n\">{}</th>", words::metric(name))),
    );
    let row = |model: &ModelSection| -> String {
        let cells: String = columns.iter().map(|name| cell(report, model, name)).collect();
        format!("<th scope=\"row\">{}</th>{cells}", escape(&model.name))
    };
    table::framed("All models on the test rows", &head, &report.models.iter().map(row).collect::<Vec<_>>())
}

/// With one label per row, micro F1 is the accuracy again.
fn is_single_label(report: &Report) -> bool {
    report.models.iter().all(|model| matches!(model.evaluation.task, Task::SingleLabel { .. }))
}

fn cell(report: &Report, model: &ModelSection, name: &str) -> String {
    let Some(estimate) = model.evaluation.metric(name) else {
        return "<td class=\"n\">\u{2013}</td>".to_owned();
    };
    let others = report.models.iter().filter_map(|m| m.evaluation.value(name));
    let is_best = report.models.len() > 1
        && others.into_iter().all(|v| !words::better(name).improves(v, estimate.value));
    let value = number::metric(estimate.value);
    let value = if is_best { format!("<b>{value}</b>") } else { value };
    format!("<td class=\"n\">{value}<small>{}</small></td>", number::interval(estimate.interval()))
}

fn note(report: &Report) -> String {
    let Some(config) = report.models.first().map(|model| &model.evaluation.config) else {
        return String::new();
    };
    if config.resamples == 0 {
        return String::new();
    }
    format!(
        "<p class=\"note\">Intervals hold {} of {} bootstrap draws of the test rows (percentile, seed {}). \
         The best of each column is bold.</p>\n",
        number::percent(config.confidence, 0),
        number::count(config.resamples as u64),
        config.seed.0
    )
}
