//! The table of assets: names, sources, digests.

use std::collections::BTreeMap;

use biotope_core::{Invalid, Unknown, config, suggest};
use serde::Deserialize;

use crate::error::Result;
use crate::{Digest, Spec};

/// What a file is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// Exactly this digest.
    Sha256(Digest),
    /// Whatever comes first; its digest is recorded and enforced from then on.
    FirstUse,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Where it is to be had, in the order of trial.
    pub sources: Vec<Spec>,
    /// What it is held against.
    pub pin: Pin,
    /// Its size, where known.
    pub bytes: Option<u64>,
    /// The licence that its publisher states.
    pub license: Option<String>,
}

/// A table of assets, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assets(BTreeMap<String, Asset>);

/// A line as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    sha256: String,
    bytes: Option<u64>,
    license: Option<String>,
    sources: Vec<String>,
}

impl Assets {
    /// The table that ships with the crate.
    pub fn builtin() -> Self {
        Self::parse(include_str!("../assets.toml")).expect("the shipped table is read by a test")
    }

    /// Reads a table in TOML: one section per asset with `sha256` (64 digits or `"unpinned"`), `sources`, and
    /// optionally `bytes` and `license`.
    ///
    /// ```
    /// let table = "[words]\nsha256 = \"unpinned\"\nsources = [\"https://host.example/words.txt\"]";
    /// assert_eq!(biotope_hub::Assets::parse(table)?.names().collect::<Vec<_>>(), ["words"]);
    /// # Ok::<(), biotope_hub::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let table: biotope_core::Table =
            text.parse().map_err(|error: toml::de::Error| config::explain(error.message()))?;
        let mut assets = BTreeMap::new();
        for (name, line) in table {
            let asset = read(&name, line).map_err(|invalid| invalid.under(&format!("{name:?}")))?;
            assets.insert(name, asset);
        }
        Ok(Self(assets))
    }

    /// The same with the lines of another table; its lines win.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The asset of that name, or what may have been meant.
    pub fn get(&self, name: &str) -> Result<&Asset> {
        Ok(self.0.get(name).ok_or_else(|| self.unknown(name))?)
    }

    /// The names below a folder: `minilm` has `minilm/config.json` and others.
    pub fn below(&self, folder: &str) -> Result<Vec<&str>> {
        let folder = folder.trim_end_matches('/');
        let below = |name: &&str| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let names: Vec<&str> = self.names().filter(below).collect();
        if names.is_empty() { Err(self.unknown(folder).into()) } else { Ok(names) }
    }

    fn unknown(&self, name: &str) -> Unknown {
        let hint = match suggest::nearest(name, self.names()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("known: {}", self.names().collect::<Vec<_>>().join(", ")),
        };
        Unknown { kind: "asset", name: name.chars().take(80).collect(), hint }
    }
}

fn read(name: &str, line: toml::Value) -> std::result::Result<Asset, Invalid> {
    if !is_sound(name) {
        let rule = "the name must consist of letters, digits, \".\", \"_\", \"-\" and single \"/\"";
        return Err(Invalid::new("", rule, format!("{name:?}")));
    }
    let toml::Value::Table(line) = line else {
        return Err(Invalid::new("", "must be a section", line.type_str()));
    };
    let line: Line = config::parse(&line)?;
    let pin = match line.sha256.as_str() {
        "unpinned" => Pin::FirstUse,
        hex => Pin::Sha256(hex.parse().map_err(|_| {
            Invalid::new("sha256", "must be 64 hexadecimal digits or \"unpinned\"", format!("{hex:?}"))
        })?),
    };
    let sources: Vec<Spec> = line
        .sources
        .iter()
        .map(|text| Spec::parse(text))
        .collect::<Result<_>>()
        .map_err(|error| Invalid::new("sources", "must be readable", error.to_string()))?;
    if sources.is_empty() {
        return Err(Invalid::new("sources", "must name at least one", "none"));
    }
    Ok(Asset { sources, pin, bytes: line.bytes, license: line.license })
}

fn is_sound(name: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    name.len() <= 200 && name.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let error = Assets::parse(text).unwrap_err();
        format!("{error} / {}", error.hint().unwrap_or_default())
    }

    #[test]
    fn the_shipped_table_is_sound() {
        let assets = Assets::builtin();
        let names: Vec<&str> = assets.names().collect();
        assert_eq!(
            names,
            [
                "ag-news-test",
                "ag-news-train",
                "minilm/config.json",
                "minilm/model.safetensors",
                "minilm/tokenizer.json",
                "minilm/vocab.txt",
                "reuters-r8-test",
                "reuters-r8-train",
            ]
        );
        assert_eq!(assets.below("minilm").unwrap().len(), 4);
        assert!(assets.get("ag-news-test").unwrap().pin == Pin::FirstUse);
        assert!(names.iter().all(|name| assets.get(name).unwrap().license.is_some()));
    }

    #[test]
    fn an_unknown_name_suggests_the_nearest() {
        let error = Assets::builtin().get("reuters-r8-tset").unwrap_err();
        assert_eq!(error.to_string(), "unknown asset \"reuters-r8-tset\"");
        assert_eq!(error.hint().as_deref(), Some("did you mean \"reuters-r8-test\"?"));
        let error = Assets::builtin().below("minilm/config.json").unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("did you mean \"minilm/config.json\"?"));
    }

    #[test]
    fn how_a_broken_table_looks() {
        let fine = "sources = [\"file:x\"]\nsha256 = \"unpinned\"";
        assert_eq!(
            error("[a]\nsources = [\"file:x\"]\nsha256 = \"abc\""),
            "asset table: invalid \"a\".sha256: must be 64 hexadecimal digits or \"unpinned\", got \"abc\" / "
        );
        assert_eq!(
            error(&format!("[a]\n{fine}\nlicence = \"MIT\"")),
            "asset table: invalid \"a\".licence: is not a known key, got \"licence\" / did you mean \"license\"?"
        );
        assert_eq!(
            error("[a]\nsources = []\nsha256 = \"unpinned\""),
            "asset table: invalid \"a\".sources: must name at least one, got none / "
        );
        assert!(error("[a]\nsources = [\"nope\"]\nsha256 = \"unpinned\"").contains("bad source \"nope\""));
        assert!(error("[a]\nsources = [\"file:x\"]").contains("missing field `sha256`"));
        assert!(error(&format!("[\"../a\"]\n{fine}")).contains("the name must consist of"));
        assert!(error("a = 1").contains("must be a section, got integer"));
        assert!(error("[a").contains("asset table: invalid"));
    }

    #[test]
    fn another_table_adds_and_wins() {
        let mine =
            Assets::parse("[\"ag-news-test\"]\nsources = [\"file:x\"]\nsha256 = \"unpinned\"").unwrap();
        let assets = Assets::builtin().with(mine);
        assert_eq!(assets.get("ag-news-test").unwrap().sources, [Spec::File("x".into())]);
        assert_eq!(assets.names().count(), 8);
    }
}
