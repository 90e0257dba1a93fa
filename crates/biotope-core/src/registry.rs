//! An explicit list of what can be named in a recipe. No registration before `main`.

use crate::{Config, Table, config, suggest};

/// One line of a registry.
#[derive(Clone, Copy, Debug)]
pub struct Entry<B> {
    /// Name in recipes, kebab-case.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// All options with their defaults.
    pub defaults: fn() -> Table,
    /// How it is made.
    pub build: B,
}

impl<B> Entry<B> {
    /// The line of a configuration type.
    pub const fn of<C: Config>(build: B) -> Self {
        Self { name: C::NAME, summary: C::SUMMARY, defaults: config::defaults::<C>, build }
    }
}

/// A list of entries of one kind, open to additions from outside.
#[derive(Clone, Debug)]
pub struct Registry<B> {
    kind: &'static str,
    entries: Vec<Entry<B>>,
}

/// No entry of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} {name:?}")]
pub struct Unknown {
    /// What kind of thing was looked for (`"model"`).
    pub kind: &'static str,
    /// The name that was given.
    pub name: String,
    /// Advice: the nearest name, or all names.
    pub hint: String,
}

impl Unknown {
    /// The nearest name, or all of them.
    pub fn hint(&self) -> Option<&str> {
        Some(&self.hint)
    }
}

impl<B: Clone> Registry<B> {
    /// A registry over a constant list.
    pub fn new(kind: &'static str, list: &[Entry<B>]) -> Self {
        Self { kind, entries: list.to_vec() }
    }

    /// The same with one more entry; an entry of the same name is replaced.
    #[must_use]
    pub fn with(mut self, entry: Entry<B>) -> Self {
        self.entries.retain(|known| known.name != entry.name);
        self.entries.push(entry);
        self.entries.sort_by_key(|known| known.name);
        self
    }

    /// The entry of that name, or what may have been meant.
    ///
    /// ```
    /// use biotope_core::{Entry, Registry, Table};
    /// const LIST: &[Entry<fn() -> u8>] = &[Entry { name: "adam", summary: "", defaults: Table::new, build: || 1 }];
    /// let error = Registry::new("rule", LIST).get("adma").unwrap_err();
    /// assert_eq!(error.hint(), Some("did you mean \"adam\"?"));
    /// ```
    pub fn get(&self, name: &str) -> Result<&Entry<B>, Unknown> {
        self.entries.iter().find(|entry| entry.name == name).ok_or_else(|| self.unknown(name))
    }

    /// What kind of things it lists.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// All entries, in order.
    pub fn entries(&self) -> &[Entry<B>] {
        &self.entries
    }

    fn unknown(&self, name: &str) -> Unknown {
        let names: Vec<&str> = self.entries.iter().map(|entry| entry.name).collect();
        let hint = match suggest::nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("known: {}", names.join(", ")),
        };
        Unknown { kind: self.kind, name: name.chars().take(80).collect(), hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[Entry<u8>] = &[
        Entry { name: "bert", summary: "", defaults: Table::new, build: 1 },
        Entry { name: "lstm", summary: "", defaults: Table::new, build: 2 },
    ];

    #[test]
    fn outsiders_add_and_replace() {
        let mine = Entry { name: "gru", summary: "", defaults: Table::new, build: 3 };
        let registry = Registry::new("model", LIST).with(mine).with(Entry { build: 4, ..LIST[0] });
        let names: Vec<_> = registry.entries().iter().map(|e| (e.name, e.build)).collect();
        assert_eq!(names, [("bert", 4), ("gru", 3), ("lstm", 2)]);
    }

    #[test]
    fn a_name_far_from_all_lists_all() {
        let error = Registry::new("model", LIST).get("transformer").unwrap_err();
        assert_eq!(error.to_string(), "unknown model \"transformer\"");
        assert_eq!(error.hint(), Some("known: bert, lstm"));
    }
}
