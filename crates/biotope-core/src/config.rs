//! Configuration: plain data, checked once, at the door.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::suggest;

/// A table of options as it stands in a recipe.
pub type Table = toml::Table;

/// A configuration: public fields, a default for each, no logic but [`Config::check`].
pub trait Config: Serialize + DeserializeOwned + Default + 'static {
    /// Registry name, kebab-case (`"text-cnn"`).
    const NAME: &'static str;
    /// One line for lists and help.
    const SUMMARY: &'static str;

    /// Checks ranges and combinations of fields.
    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }
}

/// A configuration that cannot be used: which field, which rule, what was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid {field}: {rule}, got {got}")]
pub struct Invalid {
    /// Dotted path of the field (`model.hidden`).
    pub field: String,
    /// The rule that it breaks (`"must be positive"`).
    pub rule: String,
    /// What was given.
    pub got: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Invalid {
    /// A broken rule.
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over what they got")]
    pub fn new(field: impl Into<String>, rule: impl Into<String>, got: impl ToString) -> Self {
        Self { field: field.into(), rule: rule.into(), got: got.to_string(), hint: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same with a path in front of the field.
    #[must_use]
    pub fn under(self, path: &str) -> Self {
        let field = if self.field.is_empty() { path.to_owned() } else { format!("{path}.{}", self.field) };
        Self { field, ..self }
    }

    /// What the reader can do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// Reads a configuration from a table and checks it. Structs should carry
/// `#[serde(default, deny_unknown_fields)]`: an unknown key then names the nearest known one.
///
/// ```
/// use biotope_core::{Config, config};
/// #[derive(Default, serde::Serialize, serde::Deserialize)]
/// #[serde(default, deny_unknown_fields)]
/// struct Cnn { hidden: usize }
/// impl Config for Cnn { const NAME: &'static str = "cnn"; const SUMMARY: &'static str = "a convolution"; }
///
/// let table = "hiden = 3".parse().unwrap();
/// let error = config::from_table::<Cnn>(&table).err().unwrap();
/// assert_eq!(error.hint(), Some("did you mean \"hidden\"?"));
/// ```
pub fn from_table<C: Config>(table: &Table) -> Result<C, Invalid> {
    let config: C = parse(table)?;
    config.check()?;
    Ok(config)
}

/// As [`from_table`], for plain data that is no registry component.
pub fn parse<T: DeserializeOwned>(table: &Table) -> Result<T, Invalid> {
    T::deserialize(table.clone()).map_err(|error| explain(&error.to_string()))
}

/// The defaults of a configuration as a table: what a filled-in recipe shows.
pub fn defaults<C: Config>() -> Table {
    to_table(&C::default())
}

/// Any plain configuration as a table.
pub fn to_table<T: Serialize>(config: &T) -> Table {
    Table::try_from(config).expect("a configuration is a struct of plain data, which TOML can hold")
}

/// Turns serde's message into field, rule and advice.
pub fn explain(message: &str) -> Invalid {
    let message = message.trim();
    let Some(rest) = message.split("unknown field `").nth(1) else {
        return Invalid::new("", "must fit the schema", message.replace('\n', " "));
    };
    let mut names = rest.split('`').step_by(2);
    let got = names.next().unwrap_or_default();
    let known: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    let invalid = Invalid::new(got, "is not a known key", format!("{got:?}"));
    match suggest::nearest(got, known.iter().copied()) {
        Some(name) => invalid.with_hint(format!("did you mean {name:?}?")),
        None => invalid.with_hint(format!("known keys: {}", known.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, serde::Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Toy {
        hidden: usize,
        dropout: f64,
    }

    impl Config for Toy {
        const NAME: &'static str = "toy";
        const SUMMARY: &'static str = "for tests";

        fn check(&self) -> Result<(), Invalid> {
            let range = (0.0..1.0).contains(&self.dropout);
            if range { Ok(()) } else { Err(Invalid::new("dropout", "must be in 0..1", self.dropout)) }
        }
    }

    fn error(text: &str) -> String {
        let table: Table = text.parse().unwrap();
        let invalid = from_table::<Toy>(&table).unwrap_err().under("model");
        format!("{invalid} / {}", invalid.hint().unwrap_or("-"))
    }

    #[test]
    fn how_each_error_looks() {
        assert_eq!(
            error("dropot = 1"),
            "invalid model.dropot: is not a known key, got \"dropot\" / did you mean \"dropout\"?"
        );
        assert_eq!(
            error("zzzzzz = 1"),
            "invalid model.zzzzzz: is not a known key, got \"zzzzzz\" / known keys: hidden, dropout"
        );
        assert_eq!(error("dropout = 1.5"), "invalid model.dropout: must be in 0..1, got 1.5 / -");
        assert!(error("hidden = \"a\"").contains("expected usize"), "{}", error("hidden = \"a\""));
    }

    #[test]
    fn defaults_round_trip() {
        assert_eq!(from_table::<Toy>(&defaults::<Toy>()).unwrap(), Toy::default());
    }
}
