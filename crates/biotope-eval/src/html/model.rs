//! One model: its curves, its errors, its ranking, its honesty, its classes.

use super::{escape, figure, grid, number, paragraph, table, words};
use crate::{ClassReport, Evaluation, ModelSection, plots};

/// The whole section; `id` starts the ids of its pictures.
pub(super) fn section(model: &ModelSection, id: &str) -> String {
    let evaluation = &model.evaluation;
    paragraph("", &model.lead)
        + &table::facts(&model.facts)
        + &grid(&figures(model, id))
        + &confusion(evaluation, id)
        + &classes(&evaluation.per_class)
        + &numbers(evaluation)
}

fn figures(model: &ModelSection, id: &str) -> Vec<String> {
    let evaluation = &model.evaluation;
    let mut figures: Vec<String> = plots::learning_curves::plots(&model.curves, &format!("{id}-curve"))
        .iter()
        .map(|(kind, svg)| figure("card", "Learning curve", svg, words::metric(kind)))
        .collect();
    if let Some(svg) = plots::roc_curves::plot(&evaluation.per_class, &format!("{id}-roc")) {
        figures.push(figure(
            "card",
            "ROC",
            &svg,
            "each class against the rest, hardest first, with its area",
        ));
    }
    if let Some(reliability) = &evaluation.reliability {
        let svg = plots::reliability::plot(reliability, &format!("{id}-rel"));
        figures.push(figure(
            "card",
            "Reliability",
            &svg,
            "bars on the dashed line would be perfectly calibrated",
        ));
    }
    figures
}

fn confusion(evaluation: &Evaluation, id: &str) -> String {
    let Some(matrix) = &evaluation.confusion else { return String::new() };
    let svg = plots::confusion_matrix::plot(matrix, evaluation.task.labels(), &format!("{id}-cm"));
    let caption = "rows are the truth, columns the prediction; shade is the share of the row";
    // Few classes grow with the page; many keep their size and scroll.
    let class = if matrix.classes() <= 12 { "matrix" } else { "wide" };
    figure(class, "Confusion matrix", &svg, caption)
}

fn classes(classes: &[ClassReport]) -> String {
    if classes.is_empty() {
        return String::new();
    }
    let heads = ["Class", "Rows", "Predicted", "Precision", "Recall", "F1", "ROC AUC"];
    let head: Vec<String> = heads
        .iter()
        .enumerate()
        .map(|(at, name)| {
            format!("<th scope=\"col\"{}>{name}</th>", if at == 0 { "" } else { " class=\"n\"" })
        })
        .collect();
    table::framed("Each class", &head, &classes.iter().map(class_row).collect::<Vec<_>>())
}

fn class_row(class: &ClassReport) -> String {
    let cell = |text: &str| format!("<td class=\"n\">{text}</td>");
    let bar = |value: f64| {
        let width = number::fixed(100.0 * value, 1);
        format!("<td class=\"n bar\" style=\"--v:{width}%\">{}</td>", number::metric(value))
    };
    let recall = format!(
        "{}<small>{}</small>",
        number::metric(class.scores.recall),
        number::interval(class.recall_interval)
    );
    [
        format!("<th scope=\"row\">{}</th>", escape(&class.label)),
        cell(&number::count(class.support)),
        cell(&number::count(class.predicted)),
        cell(&number::metric(class.scores.precision)),
        cell(&recall),
        bar(class.scores.f1),
        cell(&class.auc.map_or("\u{2013}".to_owned(), number::metric)),
    ]
    .concat()
}

/// Every number, for those who want them all.
fn numbers(evaluation: &Evaluation) -> String {
    let row = |(name, estimate): (&String, &crate::Estimate)| {
        format!(
            "<th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td>",
            escape(words::metric(name)),
            number::fixed(estimate.value, 4),
            number::interval(estimate.interval())
        )
    };
    let rows: Vec<String> = evaluation.metrics.iter().map(row).collect();
    let head: Vec<String> = ["", " class=\"n\"", " class=\"n\""]
        .iter()
        .zip(["Metric", "Value", "Interval"])
        .map(|(class, name)| format!("<th scope=\"col\"{class}>{name}</th>"))
        .collect();
    format!("<details>\n<summary>All numbers</summary>\n{}</details>\n", table::framed("", &head, &rows))
}
