//! `biotope list`: what there is in the store, and what a recipe can name.

use anyhow::Result;
use biotope::data::Dataset;
use biotope::house::folders;
use biotope::{House, Run, bundle, data, eval, nn, optim, text};
use biotope_core::{Entry, Table};
use clap::ValueEnum;
use console::style;
use serde_json::{Map, Value, json};

use super::house;
use crate::args::{Args, ListArgs, ListName};
use crate::output;

/// Head and rows of one list.
type Rows = (Vec<&'static str>, Vec<Vec<String>>);

/// Prints one list, or all.
pub(crate) fn list(args: &Args, list: &ListArgs) -> Result<bool> {
    let house = house(args)?;
    let names = list.what.map_or_else(|| ListName::value_variants().to_vec(), |name| vec![name]);
    let mut all = Map::new();
    for name in names {
        let title = name.to_possible_value().expect("no list is hidden").get_name().to_owned();
        let (head, rows) = rows(&house, name)?;
        if args.json {
            all.insert(title, to_json(&head, &rows));
        } else if list.what.is_some() || !rows.is_empty() {
            output::line(&format!("{}\n{}\n", style(title).bold().cyan(), output::table(&head, rows)));
        }
    }
    if args.json {
        output::json(&all)?;
    }
    Ok(true)
}

fn to_json(head: &[&str], rows: &[Vec<String>]) -> Value {
    let object = |row: &Vec<String>| {
        head.iter().zip(row).map(|(k, v)| ((*k).to_owned(), json!(v))).collect::<Map<_, _>>()
    };
    rows.iter().map(object).collect::<Vec<_>>().into()
}

fn rows(house: &House, name: ListName) -> Result<Rows> {
    Ok(match name {
        ListName::Datasets => (vec!["name", "version", "rows", "committed"], datasets(house)?),
        ListName::Runs => (vec!["id", "model", "dataset", "metric", "seconds"], runs(house)?),
        ListName::Bundles => (vec!["name", "version", "folder"], bundles(house)?),
        ListName::Recipes => (vec!["name", "about"], recipes()),
        ListName::Assets => (vec!["name", "sources"], assets()),
        ListName::Sources => entries(data::sources().entries()),
        ListName::Steps => entries(data::steps().entries()),
        ListName::Recognizers => (vec!["kind", "about", "source"], recognizers()),
        ListName::Operators => entries(data::personal::operators().entries()),
        ListName::Splits => entries(data::splits().entries()),
        ListName::Labels => entries(data::labels().entries()),
        ListName::Text => entries(text::featurizers().entries()),
        ListName::Models => entries(house.catalogue.entries()),
        ListName::Losses => entries(nn::losses().entries()),
        ListName::Rules => entries(optim::rules().entries()),
        ListName::Schedules => entries(optim::schedules().entries()),
        ListName::Metrics => entries(eval::metrics().entries()),
    })
}

/// A registry: name, what it is, and its options with their defaults.
fn entries<B>(entries: &[Entry<B>]) -> Rows {
    let row = |entry: &Entry<B>| {
        vec![entry.name.to_owned(), entry.summary.to_owned(), options(&(entry.defaults)())]
    };
    (vec!["name", "about", "options"], entries.iter().map(row).collect())
}

fn recognizers() -> Vec<Vec<String>> {
    let list = data::personal::recognizers();
    let row = |r: &data::personal::Recognizer| [r.kind, r.summary, r.source].map(str::to_owned).to_vec();
    list.entries().iter().map(|entry| row(entry.build)).collect()
}

fn options(table: &Table) -> String {
    table.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
}

fn datasets(house: &House) -> Result<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    for folder in folders(&house.store.root().join("datasets"))? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Ok(dataset) = Dataset::open(&folder) else {
            rows.push(vec![name, "damaged".into(), String::new(), String::new()]);
            continue;
        };
        let committed = dataset.history()?.first().map(|info| info.committed.clone()).unwrap_or_default();
        rows.push(vec![name, dataset.version().to_string(), dataset.len()?.to_string(), committed]);
    }
    Ok(rows)
}

fn runs(house: &House) -> Result<Vec<Vec<String>>> {
    let row = |run: Run| match run.facts() {
        Ok(facts) => vec![
            run.id,
            facts.model,
            format!("{} version {}", facts.dataset, facts.dataset_version),
            format!("{:.4}", facts.best_value),
            format!("{:.1}", facts.train_seconds),
        ],
        Err(_) => vec![run.id, "unfinished".into(), String::new(), String::new(), String::new()],
    };
    Ok(Run::all(house)?.into_iter().map(row).collect())
}

fn bundles(house: &House) -> Result<Vec<Vec<String>>> {
    let found = bundle::registry::list(house.store.root())?;
    Ok(found.into_iter().map(|b| vec![b.name, b.version, b.path.display().to_string()]).collect())
}

fn recipes() -> Vec<Vec<String>> {
    let about = |text: &str| text.lines().next().unwrap_or_default().trim_start_matches("# ").to_owned();
    biotope::recipe::builtin::LIST.iter().map(|(name, text)| vec![(*name).to_owned(), about(text)]).collect()
}

fn assets() -> Vec<Vec<String>> {
    let assets = biotope::hub::Assets::builtin();
    let sources = |name: &str| {
        assets.get(name).map(|asset| asset.sources.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assets.names().map(|name| vec![name.to_owned(), sources(name).unwrap_or_default().join(", ")]).collect()
}
