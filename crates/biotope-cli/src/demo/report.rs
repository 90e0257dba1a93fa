//! The demo's report: the ladder with its intervals, and everything that was measured on the way.

use anyhow::{Context, Result};
use biotope::Recipe;
use biotope::data::Dataset;
use biotope::eval::{Comparison, EvalConfig, Report, Section, Table, compare, html};
use biotope::stages::evaluate::{self, PredictionLine};
use biotope_core::Seed;

use super::run::Demo;
use super::summary::Summary;

/// Writes `report.html` and `report.json`.
pub(crate) fn write(demo: &mut Demo<'_>, recipes: &[Recipe]) -> Result<()> {
    let report = report(demo, recipes)?;
    let out = &demo.args.out;
    std::fs::write(out.join("report.html"), html(&report)).context("cannot write report.html")?;
    std::fs::write(out.join("report.json"), serde_json::to_string_pretty(&report)?)
        .context("cannot write report.json")?;
    demo.summary.report = out.join("report.html").display().to_string();
    Ok(())
}

fn report(demo: &Demo<'_>, recipes: &[Recipe]) -> Result<Report> {
    let mut models = Vec::new();
    for (run, recipe) in demo.runs().iter().zip(recipes) {
        let evaluation = evaluate::evaluation(recipe, run).context("the run was evaluated")?;
        models.push(evaluate::section(recipe, run, &run.facts()?, &evaluation)?);
    }
    let first = demo.runs().into_iter().next().context("a ladder has a rung")?.facts()?;
    let folder = demo.house.store.dataset(&first.dataset).map_err(biotope::Error::from)?;
    let dataset = Dataset::open(folder).map_err(biotope::Error::from)?;
    Ok(Report {
        title: "From news pages to a served classifier".into(),
        lead: lead(&demo.summary),
        facts: facts(&demo.summary, &first.dataset_digest),
        dataset: Some(evaluate::dataset_section(&first, &dataset)?),
        models,
        ladder_metric: "accuracy".into(),
        chosen: demo.summary.winner.clone(),
        comparisons: comparisons(demo)?,
        sections: sections(&demo.summary),
        ..Report::default()
    })
}

fn lead(summary: &Summary) -> String {
    let winner = summary.models.iter().find(|model| model.name == summary.winner);
    let accuracy = winner.map_or(0.0, |model| model.accuracy * 100.0);
    let rows = winner.map_or(0, |model| model.test_rows);
    format!(
        "{} pages of a newspaper were collected over HTTP, cleaned, freed of duplicates and of personal data, and split by time. \
         The model chosen on the validation split, {}, sorts {accuracy:.2} % of {rows} later articles rightly.",
        summary.collected, summary.winner
    )
}

fn facts(summary: &Summary, digest: &str) -> Vec<(String, String)> {
    let facts = [
        ("newspaper", summary.newspaper.clone()),
        ("seed", summary.seed.to_string()),
        ("dataset digest", digest.to_owned()),
        ("biotope", summary.version.clone()),
        ("threads", summary.threads.to_string()),
        ("machine", format!("{} {}", std::env::consts::ARCH, std::env::consts::OS)),
    ];
    facts.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// Every model against the first, on the same test rows.
fn comparisons(demo: &Demo<'_>) -> Result<Vec<Comparison>> {
    let mut hits = Vec::new();
    for (run, model) in demo.runs().iter().zip(&demo.summary.models) {
        let path = run.dir.join("predictions.jsonl");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let right =
            |line: &str| serde_json::from_str(line).map(|line: PredictionLine| line.label == line.predicted);
        hits.push((model.name.clone(), text.lines().map(right).collect::<Result<Vec<bool>, _>>()?));
    }
    let Some(((name, first), others)) = hits.split_first() else { return Ok(Vec::new()) };
    let config = EvalConfig { seed: Seed(demo.args.seed), ..EvalConfig::default() };
    let compared = others.iter().map(|(other, right)| compare((name, first), (other, right), &config));
    Ok(compared.collect::<Result<_, _>>().map_err(biotope::Error::from)?)
}

fn sections(summary: &Summary) -> Vec<Section> {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let measured = vec![
        row("pages printed", summary.pages.to_string()),
        row("pages collected", summary.collected.to_string()),
        row("requests against robots.txt", summary.robots_trespasses.to_string()),
        row("extraction F1 (4-gram shingles)", format!("{:.4}", summary.extraction_f1)),
        row("duplicate pairs found (recall)", format!("{:.4}", summary.duplicate_recall)),
        row("found pairs that are duplicates (precision)", format!("{:.4}", summary.duplicate_precision)),
        row("planted e-mail addresses and phone numbers", summary.personal_data_planted.to_string()),
        row("of these masked", format!("{:.2} %", summary.personal_data_recall * 100.0)),
        row("milliseconds for 100 words over HTTP, p50", format!("{:.1}", summary.predict_p50_ms)),
        row("milliseconds for 100 words over HTTP, p99", format!("{:.1}", summary.predict_p99_ms)),
    ];
    let count = |(name, count): (&String, &u64)| vec![name.clone(), count.to_string()];
    let seconds = |(name, seconds): (&String, &f64)| vec![name.clone(), format!("{seconds:.1}")];
    let table = |caption: &str, head: [&str; 2], rows| Table {
        caption: caption.into(),
        head: head.map(str::to_owned).to_vec(),
        rows,
    };
    vec![Section {
        title: "What was measured on the way".into(),
        text: vec!["The newspaper knows what it printed, which pages are reprints and where personal data stands; the river had to find out.".into()],
        tables: vec![
            table("From page to answer", ["measure", "value"], measured),
            table("Set aside, by step", ["step", "records"], summary.set_aside.iter().map(count).collect()),
            table("Time", ["stage", "seconds"], summary.seconds.iter().map(seconds).collect()),
        ],
    }]
}
