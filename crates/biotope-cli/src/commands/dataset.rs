//! `biotope dataset`: history, differences, the way back, card and openings of a dataset.

use anyhow::{Context, Result};
use biotope::data::Committed;
use biotope::data::versions::diff::{Diff, Difference};
use biotope::{House, versions};
use serde_json::Value;

use super::house;
use crate::args::Args;
use crate::args::dataset::{CardArgs, DatasetAction, DiffArgs};
use crate::output;

/// Does what is asked of a dataset.
pub(crate) fn dataset(args: &Args, action: &DatasetAction) -> Result<bool> {
    let house = house(args)?;
    match action {
        DatasetAction::History { name } => history(args, &house, name),
        DatasetAction::Diff(diff) => differences(args, &house, diff),
        DatasetAction::Rollback { name } => rollback(args, &house, name),
        DatasetAction::Openings { name } => openings(args, &house, name),
        DatasetAction::Card(card) => self::card(args, &house, card),
        DatasetAction::Push { name, url } => travelled(args, url, &versions::push(&house, name, url)?),
        DatasetAction::Pull { name, url, version } => {
            travelled(args, name, &versions::pull(&house, name, url, *version)?)
        }
    }
}

fn history(args: &Args, house: &House, name: &str) -> Result<bool> {
    let history = versions::history(house, name)?;
    if args.json {
        output::json(&history)?;
        return Ok(true);
    }
    let row = |info: &biotope::data::VersionInfo| {
        let back = info.about["rollback_to"].as_u64().map(|to| format!("back to {to}"));
        vec![
            info.version.to_string(),
            info.committed.clone(),
            info.rows.map(|rows| rows.to_string()).unwrap_or_default(),
            info.digest.as_deref().unwrap_or_default().chars().take(12).collect(),
            if info.cleared { "cleared away".into() } else { back.unwrap_or_default() },
        ]
    };
    let head = ["version", "committed", "rows", "digest", ""];
    output::line(&output::table(&head, history.iter().map(row)));
    Ok(true)
}

fn differences(args: &Args, house: &House, wanted: &DiffArgs) -> Result<bool> {
    let mut diff = versions::between(house, &wanted.name, wanted.from, wanted.to)?;
    let same = diff.differences.is_empty();
    let total = diff.differences.len();
    diff.differences.truncate(wanted.limit);
    if args.json {
        output::json(&diff)?;
    } else {
        print(&diff, total);
    }
    Ok(same || !wanted.fail_on_change)
}

fn print(diff: &Diff, total: usize) {
    use biotope::data::versions::diff::What;
    let count = |what| diff.counts.get(&what).copied().unwrap_or(0);
    let [old, new] = diff.versions;
    output::line(&format!(
        "version {old} ({} rows) to {new} ({} rows): {} added, {} removed, {} changed",
        diff.rows[0],
        diff.rows[1],
        count(What::Added),
        count(What::Removed),
        count(What::Changed)
    ));
    for (title, counts) in [("removed or changed by", &diff.steps), ("changed fields", &diff.fields)] {
        let parts: Vec<String> = counts.iter().map(|(name, rows)| format!("{rows} {name}")).collect();
        if !parts.is_empty() {
            output::line(&format!("{title}: {}", parts.join(", ")));
        }
    }
    for setting in &diff.settings {
        output::line(&format!(
            "setting {}: {} became {}",
            setting.key,
            plain(&setting.old),
            plain(&setting.new)
        ));
    }
    let row = |difference: &Difference| {
        let what = format!("{:?}", difference.what).to_lowercase();
        let fields = difference.fields.join(", ");
        let why = if difference.why.is_empty() { fields } else { difference.why.clone() };
        vec![what, difference.id.to_string(), difference.step.clone(), why]
    };
    if total > 0 {
        output::line(&output::table(&["", "record", "by", "why"], diff.differences.iter().map(row)));
    }
    if total > diff.differences.len() {
        output::line(&format!("... and {} more (--limit)", total - diff.differences.len()));
    }
}

fn plain(value: &Value) -> String {
    if value.is_null() { "nothing".into() } else { value.to_string() }
}

fn rollback(args: &Args, house: &House, name: &str) -> Result<bool> {
    if !name.contains('@') {
        anyhow::bail!("say which version to go back to: {name}@VERSION (`biotope dataset history {name}`)");
    }
    let done = versions::rollback(house, name)?;
    if args.json {
        output::json(&done)?;
    } else if done.written {
        output::line(&format!("version {} has the {} rows of {name}", done.version, done.rows));
    } else {
        output::line(&format!("unchanged: version {} has that content already", done.version));
    }
    Ok(true)
}

fn travelled(args: &Args, place: &str, done: &Committed) -> Result<bool> {
    if args.json {
        output::json(done)?;
        return Ok(true);
    }
    let verb = if done.written { "now has" } else { "had already" };
    output::line(&format!("{place} {verb} these {} rows as version {}", done.rows, done.version));
    Ok(true)
}

fn openings(args: &Args, house: &House, name: &str) -> Result<bool> {
    let openings = versions::openings(house, name)?;
    if args.json {
        output::json(&openings)?;
        return Ok(true);
    }
    let row = |opening: &biotope::data::Opening| {
        let purpose = &opening.purpose;
        let version = opening.version.to_string();
        vec![opening.when.clone(), version, purpose.who.clone(), purpose.what.clone(), purpose.why.clone()]
    };
    let head = ["when", "version", "who", "what", "why"];
    output::line(&output::table(&head, openings.iter().map(row)));
    Ok(true)
}

fn card(args: &Args, house: &House, wanted: &CardArgs) -> Result<bool> {
    let card = versions::card(house, &wanted.name, &wanted.license)?;
    if let Some(path) = &wanted.html {
        std::fs::write(path, card.html()).with_context(|| format!("cannot write {}", path.display()))?;
        output::note(&format!("wrote {}", path.display()));
    }
    if args.json {
        output::json(&card)?;
    } else if wanted.html.is_none() {
        output::line(card.markdown().trim_end());
    }
    Ok(true)
}
