//! The model card: what a reader must know before trusting the bundle, in Markdown with the YAML front matter
//! that model hubs read (Mitchell et al. 2019, "Model cards for model reporting").

use std::fmt::Write as _;

use biotope_core::{Component, Task};
use biotope_eval::{Estimate, Evaluation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Lineage, Signature};

/// What people say about a bundle; everything else in the card is filled in from what is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Card {
    /// SPDX name of the licence under which the bundle is given on.
    pub license: String,
    /// BCP 47 tags of the languages.
    pub languages: Vec<String>,
    /// More tags for the hub.
    pub tags: Vec<String>,
    /// What it is meant for.
    pub intended_use: String,
    /// Where it should not be trusted.
    pub limits: String,
    /// What was dropped or changed before training, by reason, with counts.
    pub dropped: Vec<(String, u64)>,
}

impl Default for Card {
    fn default() -> Self {
        Self {
            license: "other".into(),
            languages: Vec::new(),
            tags: Vec::new(),
            intended_use: "Classifying articles like those it was trained on.".into(),
            limits: "Texts of other kinds, times or languages than the training articles.".into(),
            dropped: Vec::new(),
        }
    }
}

/// What a card is written from.
pub(crate) struct Facts<'a> {
    pub(crate) card: &'a Card,
    pub(crate) signature: &'a Signature,
    pub(crate) steps: &'a [Component],
    pub(crate) evaluation: Option<&'a Evaluation>,
    pub(crate) lineage: &'a Lineage,
    pub(crate) parameters: usize,
}

/// Metrics that the card shows, in this order.
const SHOWN: [(&str, &str); 6] = [
    ("accuracy", "Accuracy"),
    ("macro-f1", "Macro F1"),
    ("micro-f1", "Micro F1"),
    ("log-loss", "Log loss"),
    ("calibration-error", "Calibration error"),
    ("mse", "Mean squared error"),
];

/// The card's text.
pub(crate) fn markdown(facts: &Facts<'_>) -> String {
    let mut text = front_matter(facts);
    let Facts { card, signature, .. } = facts;
    let mut section = |head: &str, body: String| {
        let _strings_take_all = write!(text, "\n## {head}\n\n{}\n", body.trim_end());
    };
    section("What it is", what(facts));
    section("Intended use", card.intended_use.clone());
    section("Limits", card.limits.clone());
    section("Results", results(facts.evaluation));
    section("Training data", data(facts));
    section("Cleaning steps", steps(facts.steps));
    section("How to use", usage(signature));
    section("Where it comes from", origin(facts.lineage));
    text
}

/// YAML, of which JSON values are a part: every string is quoted as in JSON.
fn front_matter(facts: &Facts<'_>) -> String {
    let Facts { card, signature, .. } = facts;
    let mut tags = vec!["biotope".to_owned(), "text-classification".to_owned(), signature.model.clone()];
    tags.extend(card.tags.iter().cloned());
    let mut text = String::from("---\n");
    let mut line = |key: &str, value: Value| {
        let _strings_take_all = writeln!(text, "{key}: {value}");
    };
    line("license", json!(card.license));
    line("language", json!(card.languages));
    line("pipeline_tag", json!("text-classification"));
    line("tags", json!(tags));
    let metrics = metrics(facts.evaluation);
    line("metrics", json!(metrics.iter().map(|(name, ..)| *name).collect::<Vec<_>>()));
    line("model-index", index(facts, &metrics));
    let _strings_take_all = write!(text, "---\n\n# {} {}\n", signature.name, signature.version);
    text
}

fn index(facts: &Facts<'_>, metrics: &[(&str, &str, Estimate)]) -> Value {
    let dataset = &facts.lineage.dataset;
    let metrics: Vec<Value> = metrics
        .iter()
        .map(|(name, title, estimate)| json!({ "type": name, "name": title, "value": estimate.value }))
        .collect();
    json!([{
        "name": facts.signature.name,
        "results": [{
            "task": { "type": "text-classification" },
            "dataset": { "name": dataset, "type": dataset, "split": "test" },
            "metrics": metrics,
        }],
    }])
}

fn metrics(evaluation: Option<&Evaluation>) -> Vec<(&'static str, &'static str, Estimate)> {
    let Some(evaluation) = evaluation else { return Vec::new() };
    SHOWN.iter().filter_map(|(name, title)| Some((*name, *title, *evaluation.metric(name)?))).collect()
}

fn what(facts: &Facts<'_>) -> String {
    let signature = facts.signature;
    let decides = match &signature.task {
        Task::SingleLabel { labels } => format!("one of {} labels", labels.len()),
        Task::MultiLabel { labels } => format!("any of {} labels", labels.len()),
        Task::Regression => "one number".into(),
    };
    let mut text = format!(
        "A `{}` model with {} parameters that gives {decides} to a text or a page. It reads the first {} tokens.\n",
        signature.model, facts.parameters, signature.max_length
    );
    if !signature.labels().is_empty() {
        let labels: Vec<String> = signature.labels().iter().map(|label| format!("`{label}`")).collect();
        let _strings_take_all = write!(text, "\nLabels: {}", labels.join(", "));
    }
    text
}

fn results(evaluation: Option<&Evaluation>) -> String {
    let Some(evaluation) = evaluation else { return "Not evaluated.".into() };
    let percent = evaluation.config.confidence * 100.0;
    let mut text = format!("On {} test records that training never saw.\n\n", evaluation.rows);
    let _strings_take_all = writeln!(text, "| metric | value | {percent} % interval |\n|---|---|---|");
    for (_, title, estimate) in metrics(Some(evaluation)) {
        let interval = estimate.interval().map_or("-".into(), |(low, high)| format!("{low:.4} to {high:.4}"));
        let _strings_take_all = writeln!(text, "| {title} | {:.4} | {interval} |", estimate.value);
    }
    if !evaluation.per_class.is_empty() {
        text.push_str("\n| label | records | precision | recall | F1 |\n|---|---|---|---|---|\n");
    }
    for class in &evaluation.per_class {
        let scores = &class.scores;
        let _strings_take_all = writeln!(
            text,
            "| {} | {} | {:.4} | {:.4} | {:.4} |",
            class.label, class.support, scores.precision, scores.recall, scores.f1
        );
    }
    text
}

fn data(facts: &Facts<'_>) -> String {
    let lineage = facts.lineage;
    let mut text = format!(
        "Dataset `{}`, version {}, digest `{}`: {} records, whose ids stand in `training_ids.txt`.\n",
        lineage.dataset, lineage.dataset_version, lineage.dataset_digest, lineage.training_records
    );
    if lineage.splits.len() > 1 {
        let _strings_take_all = writeln!(
            text,
            "\nSettings and number of passes were chosen by the validation split; the weights come from a last training, \
             for as many passes, on the splits {}.",
            lineage.splits.join(" and ")
        );
    }
    if !facts.card.dropped.is_empty() {
        text.push_str("\nSet aside before training:\n\n| reason | records |\n|---|---|\n");
    }
    for (reason, count) in &facts.card.dropped {
        let _strings_take_all = writeln!(text, "| {} | {count} |", reason.replace('|', "/"));
    }
    text
}

fn steps(steps: &[Component]) -> String {
    let names: Vec<String> = steps.iter().map(|step| format!("`{}`", step.name)).collect();
    match names.as_slice() {
        [] => "None: texts are read as they come.".into(),
        names => format!(
            "The same steps cleaned the training pages and clean what is asked (`steps.toml`): {}. They may refuse a page.",
            names.join(", ")
        ),
    }
}

fn usage(signature: &Signature) -> String {
    let Signature { name, version, model, .. } = signature;
    let mut text = format!(
        "```sh\nbiotope predict {name}@{version} \"A text\"\nbiotope serve {name}@{version}\n```\n\n\
         ```rust,ignore\nuse biotope_bundle::{{Bundle, Predictor}};\nlet bundle = Bundle::open(\"bundles/{name}/{version}\".as_ref())?;\n\
         let answers = bundle.predict(&[biotope_core::Document::new(\"mail\", \"A text\")])?;\n```\n"
    );
    if model == "bert" {
        text.push_str(
            "\n`config.json`, `model.safetensors` and `tokenizer.json` have Hugging Face's layout: \
             `AutoModelForSequenceClassification.from_pretrained` opens the folder in Python. The cleaning steps are not \
             part of that.\n",
        );
    }
    text
}

fn origin(lineage: &Lineage) -> String {
    format!(
        "Run `{}`, seed {}, recipe digest `{}`, code {}.",
        lineage.run, lineage.seed, lineage.recipe, lineage.code
    )
}
