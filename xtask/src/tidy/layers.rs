//! The layer table of `docs/architecture.md` against `cargo metadata`: arrows only go down.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};

use super::Finding;

/// Crate to the crates of ours that it may import.
type Table = BTreeMap<String, BTreeSet<String>>;

pub(crate) fn check(root: &Path) -> Result<Vec<Finding>> {
    let path = root.join("docs/architecture.md");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(compare(&table(&text)?, &arrows(root)?))
}

/// Reads rows such as ``| `biotope-models` | `biotope-core`, `biotope-nn` | ... |`` below the marker comment.
fn table(text: &str) -> Result<Table> {
    let Some((_, below)) = text.split_once("<!-- layer table -->") else {
        bail!("docs/architecture.md has no `<!-- layer table -->` marker in front of its table");
    };
    let rows = below.trim_start().lines().take_while(|line| line.starts_with('|')).skip(2);
    let table: Table = rows.filter_map(row).collect();
    if table.is_empty() {
        bail!("the layer table of docs/architecture.md is empty")
    }
    Ok(table)
}

fn row(line: &str) -> Option<(String, BTreeSet<String>)> {
    let mut cells = line.split('|').skip(1);
    let name = names(cells.next()?).next()?;
    Some((name, names(cells.next()?).collect()))
}

fn names(cell: &str) -> impl Iterator<Item = String> + '_ {
    cell.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// The arrows that the manifests draw (dev-dependencies aside).
fn arrows(root: &Path) -> Result<Table> {
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
    let ours: BTreeSet<String> = metadata.packages.iter().map(|p| p.name.to_string()).collect();
    let arrows_of = |package: &cargo_metadata::Package| {
        let used = package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
        (package.name.to_string(), used.map(|d| d.name.clone()).filter(|name| ours.contains(name)).collect())
    };
    let beside = ["biotope-bench", "biotope-tests", "xtask"];
    Ok(metadata.packages.iter().filter(|p| !beside.contains(&p.name.as_str())).map(arrows_of).collect())
}

fn compare(table: &Table, arrows: &Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (from, to) in arrows {
        let Some(may) = table.get(from) else {
            findings.push(format!("docs/architecture.md: the layer table has no row for {from}"));
            continue;
        };
        let over = to.iter().filter(|name| !may.contains(*name));
        findings.extend(
            over.map(|name| format!("crates/{from}: imports {name}, which the layer table does not allow")),
        );
    }
    let gone = table.keys().filter(|name| !arrows.contains_key(*name));
    findings.extend(
        gone.map(|name| format!("docs/architecture.md: the layer table names {name}, which does not exist")),
    );
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "x\n<!-- layer table -->\n\n| crate | may import |\n|---|---|\n| `a` | — |\n| `b` | `a` |\n\n| `c` | |";

    #[test]
    fn an_arrow_that_points_up_is_found() {
        let table = table(TEXT).unwrap();
        assert_eq!(table.len(), 2);
        let arrows = |pairs: &[(&str, &[&str])]| -> Table {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), v.iter().map(|s| (*s).to_owned()).collect()))
                .collect()
        };
        assert!(compare(&table, &arrows(&[("a", &[]), ("b", &["a"])])).is_empty());
        assert_eq!(compare(&table, &arrows(&[("a", &["b"]), ("b", &[])])).len(), 1);
        assert_eq!(compare(&table, &arrows(&[("a", &[]), ("d", &[])])).len(), 2);
    }
}
