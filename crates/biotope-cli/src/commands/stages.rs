//! `biotope run` and its stages one by one.

use anyhow::{Context, Result};
use biotope::stages::{self, Outcome, Stage};
use biotope::{House, Recipe};
use console::style;

use super::{house, serve};
use crate::args::dataset::CurateArgs;
use crate::args::{Args, RunArgs, StageArgs};
use crate::output;

/// Runs the stages from one to another.
pub(crate) fn run(args: &Args, run: &RunArgs) -> Result<bool> {
    let (from, to) = (Stage::from(run.from), Stage::from(run.to));
    if from > to {
        anyhow::bail!("--from {} comes after --to {}", from.name(), to.name());
    }
    let stages: Vec<Stage> = Stage::ALL.into_iter().filter(|stage| (from..=to).contains(stage)).collect();
    each(args, &run.stage, &stages)
}

/// Runs one stage.
pub(crate) fn one(args: &Args, stage: &StageArgs, which: Stage) -> Result<bool> {
    each(args, stage, &[which])
}

/// Curates at once, one share, or merges shares.
pub(crate) fn curate(args: &Args, curate: &CurateArgs) -> Result<bool> {
    if curate.shard.is_none() && !curate.merge {
        return one(args, &curate.stage, Stage::Curate);
    }
    let recipe = Recipe::open(&curate.stage.recipe, &curate.stage.sets)?;
    let house = house(args)?;
    let folder = curate.shares.clone().unwrap_or_else(|| stages::curate::shares(&house, &recipe));
    let Some(shard) = curate.shard else {
        let outcome = stages::curate::merge(&house, &recipe, &folder)?;
        if args.json {
            output::json(&[outcome])?;
        } else {
            print(&outcome);
        }
        return Ok(true);
    };
    let report = stages::curate::shard(&house, &recipe, shard, &folder)?;
    if args.json {
        output::json(&report)?;
    } else {
        let (kept, aside, place) = (report.kept, report.set_aside, report.folder.display());
        output::line(&format!("share {shard}: {kept} documents go on, {aside} set aside, in {place}"));
    }
    Ok(true)
}

fn each(args: &Args, stage: &StageArgs, stages: &[Stage]) -> Result<bool> {
    let recipe = Recipe::open(&stage.recipe, &stage.sets)?;
    serve::check(&recipe.serve).with_context(|| stage.recipe.clone())?;
    let house = House { force: stage.force, ..house(args)? };
    let mut outcomes = Vec::new();
    for which in stages {
        let outcome = stages::run(&house, &recipe, *which)?;
        if !args.json {
            print(&outcome);
        }
        outcomes.push(outcome);
    }
    if args.json {
        output::json(&outcomes)?;
    }
    Ok(true)
}

fn print(outcome: &Outcome) {
    let mark = if outcome.skipped { style("unchanged").dim() } else { style("done").green() };
    output::line(&format!("{:<9} {mark:<9} {}", style(outcome.stage).bold(), outcome.summary));
}
