//! What no compiler checks: the habits of the house.

mod layers;
mod lengths;
mod registries;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::run::root;

/// One broken habit: where and what.
pub(crate) type Finding = String;

/// A source file with its path from the root.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// Runs every check and prints what it found.
pub(crate) fn tidy() -> Result<bool> {
    let sources = sources(&root())?;
    let mut findings = layers::check(&root())?;
    findings.extend(lengths::check(&sources));
    findings.extend(registries::check(&sources));
    findings.extend(words::check(&sources));
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} files, {} findings", sources.len(), findings.len());
    Ok(findings.is_empty())
}

/// All Rust, Markdown and TOML files that belong to the project, sorted by path.
fn sources(root: &Path) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    for folder in ["crates", "docs", "tests", "xtask"] {
        walk(&root.join(folder), &mut found)?;
    }
    found.push(root.join("README.md"));
    found.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let path = path.strip_prefix(root).expect("found below the root").to_path_buf();
        Ok(Source { path, text })
    };
    found.into_iter().filter(|path| path.exists()).map(read).collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let kind = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            walk(&path, found)?;
        } else if matches!(kind, "rs" | "md" | "toml" | "py" | "html") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) fn source(path: &str, text: &str) -> Source {
    Source { path: path.into(), text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_its_habits() {
        assert!(tidy().unwrap(), "`cargo xtask tidy` says what is wrong");
    }
}
