//! A choice in a recipe: `{ use = "text-cnn", hidden = 256 }`.

use serde::{Deserialize, Serialize};

use crate::{Config, Table, config};

/// A registry name with the options that differ from its defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Registry name.
    #[serde(rename = "use")]
    pub name: String,
    /// Options; missing ones take the defaults.
    #[serde(flatten)]
    pub options: Table,
}

impl Component {
    /// A component with its defaults.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), options: Table::new() }
    }

    /// A component with the options of a typed configuration.
    pub fn of<C: Config>(config: &C) -> Self {
        Self { name: C::NAME.to_owned(), options: config::to_table(config) }
    }

    /// The same with one option set.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<toml::Value>) -> Self {
        self.options.insert(key.to_owned(), value.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_reads_as_it_stands_in_a_recipe() {
        let table: Table = "use = \"text-cnn\"\nhidden = 256".parse().unwrap();
        let component = Component::deserialize(table.clone()).unwrap();
        assert_eq!(component, Component::new("text-cnn").with("hidden", 256));
        assert_eq!(Table::try_from(&component).unwrap(), table);
    }
}
