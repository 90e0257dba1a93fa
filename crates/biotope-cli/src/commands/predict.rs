//! `biotope predict`: ask a bundle.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use biotope::bundle::{Answer, Predictor};
use biotope_core::{Document, Prediction, Task};
use console::style;
use serde_json::{Value, json};

use super::house;
use crate::args::{Args, PredictArgs};
use crate::output;

/// Largest text or page, in bytes.
const LIMIT: u64 = 16 << 20;

/// Words shown by `--explain`.
const WORDS: usize = 10;

/// Predicts; the answer is no if the cleaning steps refused every document.
pub(crate) fn predict(args: &Args, predict: &PredictArgs) -> Result<bool> {
    let docs = documents(predict)?;
    let bundle = biotope::stages::predict::open(&house(args)?, &predict.bundle)?;
    let bundle = bundle.with_precision(predict.precision).map_err(biotope::Error::from)?;
    let answers = bundle.predict(&docs)?;
    let mut lines = Vec::new();
    for (doc, answer) in docs.iter().zip(&answers) {
        let words = if predict.explain { bundle.explain(doc, None, WORDS)?.words } else { Vec::new() };
        lines.push((doc, answer, words));
    }
    let task = &bundle.signature().task;
    if args.json {
        let values: Vec<Value> =
            lines.iter().map(|(doc, answer, words)| to_json(task, doc, answer, words)).collect();
        output::json(&values)?;
    } else {
        for (doc, answer, words) in &lines {
            print(task, doc, answer, words);
        }
    }
    Ok(answers.iter().any(|answer| answer.prediction().is_some()))
}

fn documents(predict: &PredictArgs) -> Result<Vec<Document>> {
    let mut docs: Vec<Document> = predict.texts.iter().map(|text| Document::new("argument", text)).collect();
    for path in &predict.file {
        docs.push(file(path)?);
    }
    if docs.is_empty() {
        let text = limited(std::io::stdin(), "stdin")?;
        if predict.lines {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            docs.extend(lines.map(|line| Document::new("stdin", line)));
        } else {
            docs.push(Document::new("stdin", text));
        }
    }
    if docs.iter().all(|doc| doc.text.trim().is_empty()) {
        bail!("nothing to predict: give a text, --file FILE, or a text on stdin")
    }
    Ok(docs)
}

fn file(path: &Path) -> Result<Document> {
    let name = path.display().to_string();
    let text = limited(std::fs::File::open(path).with_context(|| format!("cannot read {name}"))?, &name)?;
    let page = path
        .extension()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("html") || kind.eq_ignore_ascii_case("htm"));
    Ok(if page {
        Document::page(format!("file:{name}"), text)
    } else {
        Document::new(format!("file:{name}"), text)
    })
}

fn limited(from: impl std::io::Read, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    from.take(LIMIT + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    if bytes.len() as u64 > LIMIT {
        bail!("{name} is larger than {} MiB", LIMIT >> 20)
    }
    String::from_utf8(bytes).with_context(|| format!("{name} is not UTF-8"))
}

fn ranked(task: &Task, prediction: &Prediction) -> Vec<(String, f64)> {
    let mut ranked: Vec<(String, f64)> =
        task.labels().iter().cloned().zip(prediction.scores.iter().copied()).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked
}

fn to_json(task: &Task, doc: &Document, answer: &Answer, words: &[(String, f64)]) -> Value {
    match answer {
        Answer::Predicted(prediction) => {
            let scores: Vec<Value> = ranked(task, prediction)
                .into_iter()
                .map(|(label, score)| json!({ "label": label, "score": score }))
                .collect();
            json!({ "id": doc.id, "source": doc.source, "scores": scores, "words": words })
        }
        Answer::Refused(reason) => json!({ "id": doc.id, "source": doc.source, "refused": reason }),
    }
}

fn print(task: &Task, doc: &Document, answer: &Answer, words: &[(String, f64)]) {
    let start: String = doc.text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    output::line(&format!("{} {}", style(doc.id).dim(), style(start).italic()));
    match answer {
        Answer::Refused(reason) => output::line(&format!("  {} {reason}", style("refused").red())),
        Answer::Predicted(prediction) => {
            for (label, score) in ranked(task, prediction).iter().take(5) {
                let bar = "█".repeat((score * 30.0).round() as usize);
                output::line(&format!("  {:>6.2} %  {:<16} {}", score * 100.0, label, style(bar).cyan()));
            }
        }
    }
    if !words.is_empty() {
        let words: Vec<String> = words.iter().map(|(word, weight)| format!("{word} {weight:+.3}")).collect();
        output::line(&format!("  words     {}", words.join("  ")));
    }
}
