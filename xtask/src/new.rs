//! `cargo xtask new KIND NAME`: one file and one registry line.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::run::root;

/// Kind, list file, folder.
const KINDS: &[(&str, &str)] = &[
    ("metric", "crates/biotope-eval/src/metrics.rs"),
    ("model", "crates/biotope-models/src/zoo.rs"),
    ("rule", "crates/biotope-optim/src/rules.rs"),
    ("schedule", "crates/biotope-optim/src/schedules.rs"),
    ("step", "crates/biotope-data/src/steps.rs"),
];

/// Copies the shortest neighbour of that kind under the new name and adds its two lines to the list.
pub(crate) fn new(args: &[String]) -> Result<bool> {
    let [kind, name] = args else {
        bail!("usage: cargo xtask new KIND NAME, e.g. `cargo xtask new model text_rcnn`")
    };
    let known = || KINDS.iter().map(|(kind, _)| *kind).collect::<Vec<_>>().join(", ");
    let Some((_, list)) = KINDS.iter().find(|(known, _)| known == kind) else {
        bail!("unknown kind {kind:?}; known: {}", known())
    };
    if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') || name.is_empty() {
        bail!("a name is snake_case, got {name:?}")
    }
    write(&root().join(list), name)
}

fn write(list: &PathBuf, name: &str) -> Result<bool> {
    let folder = list.with_extension("");
    let path = folder.join(format!("{name}.rs"));
    if path.exists() {
        bail!("{} exists", path.display())
    }
    let (stem, template) = neighbour(&folder)?;
    let text = fs::read_to_string(list)?;
    fs::write(&path, rename(&template, &stem, name))?;
    fs::write(list, register(&text, &stem, name).context("the list has no lines to follow")?)?;
    println!("wrote {} (a copy of {stem}.rs to change) and its lines in {}", path.display(), list.display());
    Ok(true)
}

/// The shortest registered file: what a new one starts from.
fn neighbour(folder: &PathBuf) -> Result<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !text.contains("// tidy: no entry because ") {
            found.push((text.len(), stem, text));
        }
    }
    let (_, stem, text) = found.into_iter().min().context("the folder holds nothing to start from")?;
    Ok((stem, text))
}

/// `text_cnn` in its three spellings.
fn spellings(name: &str) -> [String; 3] {
    let camel = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
    [name.to_owned(), name.replace('_', "-"), camel]
}

fn rename(template: &str, from: &str, to: &str) -> String {
    let pairs = spellings(from).into_iter().zip(spellings(to));
    pairs.fold(template.to_owned(), |text, (from, to)| text.replace(&from, &to))
}

/// Repeats the neighbour's `mod` and list lines for the new name, each block sorted.
fn register(text: &str, from: &str, to: &str) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for pattern in [format!("mod {from};"), format!("{from}::")] {
        let at = lines.iter().position(|line| line.contains(&pattern))?;
        let line = rename(&lines[at], from, to);
        let after = |other: &String| other.trim_start() > line.trim_start() && similar(other, &line);
        let start = block_start(&lines, at);
        let place = (start..lines.len()).find(|i| !similar(&lines[*i], &line) || after(&lines[*i]))?;
        lines.insert(place, line);
    }
    Some(lines.join("\n") + "\n")
}

fn similar(a: &str, b: &str) -> bool {
    let head = |line: &str| line.trim_start().chars().take(4).collect::<String>();
    head(a) == head(b)
}

fn block_start(lines: &[String], at: usize) -> usize {
    (0..=at).rev().take_while(|i| similar(&lines[*i], &lines[at])).last().unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_lines_stand_in_alphabetic_order() {
        let list = "mod bert;\nmod lstm;\n\nconst ZOO: &[Entry<B>] = &[\n    model::<bert::Bert>(),\n    model::<lstm::Lstm>(),\n];\n";
        let new = register(list, "bert", "gru_net").unwrap();
        assert!(new.contains("mod bert;\nmod gru_net;\nmod lstm;"), "{new}");
        assert!(
            new.contains("model::<bert::Bert>(),\n    model::<gru_net::GruNet>(),\n    model::<lstm"),
            "{new}"
        );
    }

    #[test]
    fn every_spelling_is_renamed() {
        assert_eq!(rename("text_cnn \"text-cnn\" TextCnn", "text_cnn", "rcnn"), "rcnn \"rcnn\" Rcnn");
    }
}
