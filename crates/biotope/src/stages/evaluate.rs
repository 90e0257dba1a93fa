//! Measure: the best weights of a run on the test split, which nothing before has looked at.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use biotope_core::pack::Budget;
use biotope_core::{Prediction, RecordId, Target, Task};
use biotope_data::{Dataset, Purpose, Split};
use biotope_eval::{
    Curve, DatasetSection, EvalConfig, Evaluation, ModelSection, Report, SplitCounts, evaluate as measure,
    html,
};
use biotope_nn::Example;
use biotope_text::open_featurizer;
use biotope_train::{Event, RunDir, predict};
use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::train::{examples, locate, open};
use super::{Outcome, Stage};
use crate::run::{Facts, Refit};
use crate::{House, Recipe, Result, Run, digest, seal, stamp};

/// Documents of one forward pass.
pub(crate) const BUDGET: Budget = Budget { tokens: 8192, examples: 64 };

/// What the learning curves show of the validation split.
const SHOWN: &[&str] = &["loss", "accuracy", "macro-f1"];

/// One line of `predictions.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictionLine {
    /// The article.
    pub id: RecordId,
    /// Its label.
    pub label: String,
    /// What the model said.
    pub predicted: String,
    /// Probability of each label, in the order of the task.
    pub scores: Vec<f64>,
}

/// Evaluates, unless the same run was evaluated in the same way before.
pub fn evaluate(house: &House, recipe: &Recipe) -> Result<Outcome> {
    let (dataset, run) = locate(house, recipe, "evaluate")?;
    let key = digest::of(&(&recipe.evaluate, recipe.seed, &run.id));
    let stamps = stamp::Stamps::new(run.dir.join("stages"));
    if let Some(evaluation) = stamps.find::<Evaluation>("evaluate", &key).filter(|_| !house.force) {
        return Ok(outcome(true, &run, &evaluation));
    }
    let (facts, predictions, targets) = house.on_threads(recipe, || test(house, recipe, &dataset, &run))?;
    let config = EvalConfig {
        resamples: recipe.evaluate.resamples,
        confidence: recipe.evaluate.confidence,
        seed: recipe.seed,
    };
    let evaluation = measure(&facts.task, &predictions, &targets, &config)?;
    write_predictions(&run, &facts.task, &predictions, &targets)?;
    let report = report(recipe, &run, &facts, &dataset, &evaluation)?;
    run.write("report.json", &report)?;
    stamp::write(&run.dir.join("report.html"), html(&report).as_bytes())?;
    stamps.put("evaluate", &key, &evaluation)?;
    Ok(outcome(false, &run, &evaluation))
}

/// The evaluation of a run, once it was evaluated.
pub fn evaluation(recipe: &Recipe, run: &Run) -> Option<Evaluation> {
    let key = digest::of(&(&recipe.evaluate, recipe.seed, &run.id));
    stamp::Stamps::new(run.dir.join("stages")).find("evaluate", &key)
}

fn outcome(skipped: bool, run: &Run, evaluation: &Evaluation) -> Outcome {
    let percent = |name| {
        evaluation.metric(name).map_or_else(String::new, |estimate| {
            let interval = estimate
                .interval()
                .map_or_else(String::new, |(low, high)| format!(" ({:.2}-{:.2})", low * 100.0, high * 100.0));
            format!("{:.2} %{interval}", estimate.value * 100.0)
        })
    };
    let summary = format!(
        "accuracy {}, macro F1 {} on {} test documents; report {}",
        percent("accuracy"),
        percent("macro-f1"),
        evaluation.rows,
        run.dir.join("report.html").display()
    );
    Outcome::new(
        Stage::Evaluate,
        skipped,
        summary,
        &serde_json::json!({ "run": run.id, "metrics": evaluation.metrics, "rows": evaluation.rows }),
    )
}

fn test(
    house: &House,
    recipe: &Recipe,
    dataset: &Dataset,
    run: &Run,
) -> Result<(Facts, Vec<Prediction>, Vec<Target>)> {
    let (model, _, facts) = open(house, recipe, run)?;
    let featurizer = open_featurizer(&run.text())?;
    let purpose = Purpose {
        who: seal::who(),
        what: format!("run {}", run.id),
        why: format!("stage evaluate of recipe {}", recipe.name),
    };
    let rows = dataset.open_test(&purpose)?.map(|row| Ok(row?.doc));
    let docs = rows.collect::<biotope_data::Result<Vec<_>>>()?;
    let rows: Vec<Example> = examples(featurizer.as_ref(), &facts.task, &docs)?;
    let predictions = predict(model.as_ref(), &facts.task, &rows, BUDGET, &Device::Cpu)?;
    let targets = rows.into_iter().filter_map(|row| row.target).collect();
    Ok((facts, predictions, targets))
}

fn write_predictions(run: &Run, task: &Task, predictions: &[Prediction], targets: &[Target]) -> Result<()> {
    let name = |class: Option<usize>| class.map(|c| task.labels()[c].clone()).unwrap_or_default();
    let mut lines = String::new();
    for (prediction, target) in predictions.iter().zip(targets) {
        let truth = if let Target::Class(class) = target { Some(*class) } else { None };
        let line = PredictionLine {
            id: prediction.id,
            label: name(truth),
            predicted: name(prediction.best()),
            scores: prediction.scores.clone(),
        };
        let _ = writeln!(lines, "{}", serde_json::to_string(&line).expect("plain data, which JSON can hold"));
    }
    stamp::write(&run.dir.join("predictions.jsonl"), lines.as_bytes())
}

fn report(
    recipe: &Recipe,
    run: &Run,
    facts: &Facts,
    dataset: &Dataset,
    evaluation: &Evaluation,
) -> Result<Report> {
    let model = section(recipe, run, facts, evaluation)?;
    let accuracy = evaluation.value("accuracy").unwrap_or_default() * 100.0;
    Ok(Report {
        title: format!("{} · {}", recipe.name, facts.model),
        lead: format!(
            "{} predicts {accuracy:.2} % of {} test articles rightly, after training on {}.",
            facts.model,
            evaluation.rows,
            facts.learned_rows()
        ),
        facts: vec![
            ("run".into(), run.id.clone()),
            ("seed".into(), facts.seed.to_string()),
            ("dataset".into(), format!("{} version {}", facts.dataset, facts.dataset_version)),
            ("dataset digest".into(), facts.dataset_digest.clone()),
            ("biotope".into(), env!("CARGO_PKG_VERSION").into()),
        ],
        dataset: Some(dataset_section(facts, dataset)?),
        models: vec![model],
        ladder_metric: "accuracy".into(),
        ..Report::default()
    })
}

/// The model's part of a report.
pub fn section(recipe: &Recipe, run: &Run, facts: &Facts, evaluation: &Evaluation) -> Result<ModelSection> {
    let refit = facts.refit.as_ref().map(|refit| {
        let Refit { rows, passes, steps } = refit;
        ("refit".into(), format!("{passes:.2} passes over all {rows} documents, {steps} steps"))
    });
    let lines = [
        ("trained numbers".into(), facts.parameters.to_string()),
        ("steps".into(), format!("{}, best at {}", facts.steps, facts.best_step)),
        ("seconds of training".into(), format!("{:.1}", facts.train_seconds)),
        ("batch".into(), format!("{} examples", recipe.train.batch_size)),
    ];
    Ok(ModelSection {
        name: facts.model.clone(),
        lead: String::new(),
        facts: lines.into_iter().chain(refit).collect(),
        evaluation: evaluation.clone(),
        curves: curves(run)?,
    })
}

/// Learning curves from the run's events.
fn curves(run: &Run) -> Result<Vec<Curve>> {
    let mut curves: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for event in biotope_train::event::read(&RunDir::open(&run.dir)?.events())? {
        if let Event::Evaluated { step, train_loss, metrics, .. } = event {
            let mut add = |name: String, value| curves.entry(name).or_default().push((step as f64, value));
            add("train loss".into(), train_loss);
            metrics
                .iter()
                .filter(|(name, _)| SHOWN.contains(&name.as_str()))
                .for_each(|(name, value)| add(format!("valid {name}"), *value));
        }
    }
    Ok(curves.into_iter().map(|(name, points)| Curve { name, points }).collect())
}

/// The data's part of a report: rows by split and label.
pub fn dataset_section(facts: &Facts, dataset: &Dataset) -> Result<DatasetSection> {
    let labels = dataset.labels()?;
    let counts = |split: Split| SplitCounts {
        name: split.name().to_owned(),
        counts: labels.iter().map(|label| label.rows.get(&split).copied().unwrap_or(0)).collect(),
    };
    Ok(DatasetSection {
        name: format!("{} version {}", facts.dataset, facts.dataset_version),
        labels: labels.iter().map(|label| label.label.clone()).collect(),
        splits: [Split::Train, Split::Valid, Split::Test].map(counts).to_vec(),
        ..DatasetSection::default()
    })
}
