//! From TOML text, with `--set` on top, to a checked recipe.

use std::fs;
use std::path::Path;

use biotope_core::{Invalid, Table, config};
use serde::Deserialize;

use super::{Recipe, builtin};
use crate::{Error, Result};

/// Largest recipe file, in bytes.
const LIMIT: u64 = 1 << 20;

impl Recipe {
    /// Opens a recipe file, or a built-in recipe by name (`reuters-r8`), with `sets` (`train.lr=2e-5`) on top.
    pub fn open(path_or_name: &str, sets: &[String]) -> Result<Self> {
        Self::from_toml(&read(path_or_name)?, sets).map_err(|error| match error {
            Error::Invalid(invalid) => Error::Recipe { place: path_or_name.to_owned(), invalid },
            other => other,
        })
    }

    /// Reads a recipe from TOML text, with `sets` on top.
    pub fn from_toml(text: &str, sets: &[String]) -> Result<Self> {
        let parsed: Result<Table, _> = text.parse();
        let mut table = parsed.map_err(|e| Invalid::new("", "must be TOML", e.to_string().trim()))?;
        for set in sets {
            apply(&mut table, set)?;
        }
        let recipe = Self::deserialize(table).map_err(|error| located(&error.to_string()))?;
        recipe.check()?;
        Ok(recipe)
    }

    /// The recipe with every default filled in.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a recipe is plain data, which TOML can hold")
    }
}

fn read(path_or_name: &str) -> Result<String> {
    let path = Path::new(path_or_name);
    if let Some(text) = builtin::find(path_or_name).filter(|_| !path.exists()) {
        return Ok(text.to_owned());
    }
    let size = fs::metadata(path).map_err(|cause| missing(path_or_name, cause))?.len();
    if size > LIMIT {
        return Err(Invalid::new("", "a recipe has at most 1 MiB", format!("{size} bytes")).into());
    }
    fs::read_to_string(path).map_err(|cause| missing(path_or_name, cause))
}

fn missing(path_or_name: &str, cause: std::io::Error) -> Error {
    if cause.kind() == std::io::ErrorKind::NotFound && Path::new(path_or_name).extension().is_none() {
        return Error::Unknown(builtin::unknown(path_or_name));
    }
    Error::Io { doing: "read", path: path_or_name.into(), cause }
}

/// Sets one dotted key; the value is TOML, or else a plain string.
fn apply(table: &mut Table, set: &str) -> Result<()> {
    let wrong = || Invalid::new("--set", "must be KEY=VALUE, e.g. train.lr=2e-5", format!("{set:?}"));
    let (path, value) = set.split_once('=').ok_or_else(wrong)?;
    let value = format!("x = {value}")
        .parse::<Table>()
        .map_or_else(|_| value.into(), |mut t| t.remove("x").expect("just set"));
    let mut keys: Vec<&str> = path.trim().split('.').collect();
    let last = keys.pop().filter(|key| !key.is_empty()).ok_or_else(wrong)?;
    let mut inner = table;
    for key in keys {
        let entry = inner.entry(key).or_insert_with(|| Table::new().into());
        inner = entry
            .as_table_mut()
            .ok_or_else(|| Invalid::new(path, "goes through a value that is no table", key))?;
    }
    inner.insert(last.to_owned(), value);
    Ok(())
}

/// serde says which section an error lies in only on a line of its own (``in `train` ``).
fn located(message: &str) -> Invalid {
    let mut invalid = config::explain(message);
    let section = message.lines().rev().find_map(|line| line.strip_prefix("in `")?.strip_suffix('`'));
    if let Some(section) = section {
        invalid = invalid.under(section);
    }
    invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = "name = \"mine\"\ntext = { use = \"word\" }\nmodel = { use = \"lstm\" }\n[[collect.sources]]\nuse = \"csv\"\n";

    fn error(text: &str, sets: &[&str]) -> String {
        let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
        let error = Recipe::from_toml(text, &sets).unwrap_err();
        format!("{error} / {}", error.hint().unwrap_or_default())
    }

    #[test]
    fn a_filled_in_recipe_reads_back_as_itself() {
        let recipe = Recipe::from_toml(MINIMAL, &["seed=7".into(), "model.hidden=3".into()]).unwrap();
        assert_eq!((recipe.seed.0, recipe.dataset()), (7, "mine"));
        assert_eq!(recipe.model.options["hidden"].as_integer(), Some(3));
        assert_eq!(Recipe::from_toml(&recipe.to_toml(), &[]).unwrap(), recipe);
    }

    #[test]
    fn how_errors_look() {
        let wrong = MINIMAL.replace("name =", "nmae =");
        assert_eq!(
            error(&wrong, &[]),
            "invalid nmae: is not a known key, got \"nmae\" / did you mean \"name\"?"
        );
        let wrong = error(MINIMAL, &["train.epocs=3"]);
        assert!(wrong.contains("train") && wrong.contains("did you mean \"epochs\"?"), "{wrong}");
        assert!(error(MINIMAL, &["oops"]).starts_with("invalid --set: must be KEY=VALUE"));
        assert!(
            error("name = [", &[]).starts_with("invalid : must be TOML")
                || error("name = [", &[]).contains("must be TOML")
        );
        let none =
            "name = \"x\"\ntext = { use = \"word\" }\nmodel = { use = \"lstm\" }\n[collect]\nsources = []\n";
        assert!(error(none, &[]).starts_with("invalid collect.sources: must name at least one source"));
    }

    #[test]
    fn a_missing_recipe_names_the_nearest_builtin() {
        let error = Recipe::open("reuters-r9", &[]).unwrap_err();
        assert_eq!(error.to_string(), "unknown recipe \"reuters-r9\"");
        assert_eq!(error.hint().unwrap(), "did you mean \"reuters-r8\"?");
        assert!(Recipe::open("none/here.toml", &[]).unwrap_err().to_string().contains("none/here.toml"));
    }

    /// The name under which the hub keeps a file that a recipe asks for.
    fn kept_as(spec: &str) -> String {
        let extension = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
        match spec.strip_prefix("asset:") {
            Some(name) => {
                let assets = biotope_hub::Assets::builtin();
                format!("{name}.{}", extension(&assets.get(name).unwrap().sources[0].to_string()))
            }
            None => spec.rsplit('/').next().unwrap_or_default().to_owned(),
        }
    }

    #[test]
    fn the_test_files_of_builtin_recipes_are_among_their_sources() {
        let mut given = 0;
        for (name, text) in builtin::LIST {
            let recipe = Recipe::from_toml(text, &[]).unwrap();
            let paths =
                recipe.collect.sources.iter().filter_map(|source| source.options.get("path")?.as_array());
            let files: Vec<String> = paths.flatten().map(|path| kept_as(path.as_str().unwrap())).collect();
            let split = &recipe.curate.split;
            for test in split.options.get("test").and_then(toml::Value::as_array).into_iter().flatten() {
                if split.name == "given" {
                    given += 1;
                    assert!(
                        files.iter().any(|file| Some(file.as_str()) == test.as_str()),
                        "{name}: {test} of {files:?}"
                    );
                }
            }
        }
        assert!(given >= 2, "Reuters and AG News name their test files");
    }

    #[test]
    fn every_builtin_recipe_is_valid() {
        for (name, text) in builtin::LIST {
            Recipe::from_toml(text, &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
