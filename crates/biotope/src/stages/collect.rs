//! Fetch documents from the recipe's sources into the raw dataset.

use biotope_core::Component;
use biotope_data::source::Memory;
use biotope_data::{Checked, CollectReport, Documents, Source, build_source, collect as collect_into};

use super::{Outcome, Stage};
use crate::recipe::Collect;
use crate::{House, Recipe, Result, assets, digest, retention};

/// Several sources as one, in the recipe's order.
struct Chain(Vec<Box<dyn Source>>);

impl Source for Chain {
    fn documents(&self) -> biotope_data::Result<Documents<'_>> {
        let parts: biotope_data::Result<Vec<_>> = self.0.iter().map(|source| source.documents()).collect();
        Ok(Box::new(parts?.into_iter().flatten()))
    }

    fn resume<'a>(&'a self, memory: &Memory<'a>) -> biotope_data::Result<Documents<'a>> {
        let parts: biotope_data::Result<Vec<_>> = self.0.iter().map(|source| source.resume(memory)).collect();
        Ok(Box::new(parts?.into_iter().flatten()))
    }

    fn settle(&self, memory: &Memory<'_>) -> biotope_data::Result<()> {
        self.0.iter().try_for_each(|source| source.settle(memory))
    }

    fn describe(&self) -> String {
        self.0.iter().map(|source| source.describe()).collect::<Vec<_>>().join(", ")
    }
}

/// Collects, unless the same sources were collected before. Files are compared by content; a web source is taken as
/// unchanged until `house.force` asks for it again.
pub fn collect(house: &House, recipe: &Recipe) -> Result<Outcome> {
    let sources: Result<Vec<Component>> =
        recipe.collect.sources.iter().map(|s| assets::resolve(house, s)).collect();
    let sources = sources?;
    let key = key(&recipe.collect, &sources)?;
    let stamps = house.stamps(recipe);
    if let Some(report) = stamps.find::<CollectReport>("collect", &key).filter(|_| !house.force) {
        return Ok(outcome(true, &report));
    }
    let built: biotope_data::Result<Vec<_>> = sources.iter().map(build_source).collect();
    let chain = Chain(built?);
    let take =
        |source: &dyn Source| collect_into(source, &house.store, recipe.dataset(), house.progress.as_ref());
    let report = match &recipe.collect.schema {
        Some(schema) => take(&Checked::new(&chain, schema)?)?,
        None => take(&chain)?,
    };
    stamps.put("collect", &key, &report)?;
    retention::clear(house, recipe, &house.store.raw(recipe.dataset())?)?;
    Ok(outcome(false, &report))
}

fn outcome(skipped: bool, report: &CollectReport) -> Outcome {
    let summary = format!("{} documents collected, {} set aside", report.documents, report.set_aside);
    Outcome::new(Stage::Collect, skipped, summary, report)
}

/// Digest of the section as written and of every local file they name.
fn key(written: &Collect, resolved: &[Component]) -> Result<String> {
    let files = digest::files(resolved)?;
    Ok(match &written.schema {
        Some(schema) => digest::of(&(&written.sources, files, schema)),
        None => digest::of(&(&written.sources, files)),
    })
}
