//! Reference numbers: every `make.py` stands beside the `expected.json` it made.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::run::root;

/// Lists the cases and how to make them anew; the answer is no if a script lacks its numbers.
pub(crate) fn fixtures(args: &[String]) -> Result<bool> {
    let base = root().join("tests/fixtures/reference");
    let mut complete = true;
    for script in scripts(&base)? {
        let case = script.parent().expect("a script lies in a folder");
        let name = case.strip_prefix(&base).expect("found below").display().to_string();
        if !args.is_empty() && !args.iter().any(|wanted| name.contains(wanted)) {
            continue;
        }
        let made = fs::read_dir(case)?.count() > 1;
        complete &= made;
        println!("{} {name}: python3 {}", if made { "ok     " } else { "MISSING" }, relative(&script));
    }
    Ok(complete)
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn scripts(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "py") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
