//! Recipes that the binary carries.

use biotope_core::registry::Unknown;
use biotope_core::suggest;

/// Name and text of each.
pub const LIST: &[(&str, &str)] = &[
    ("ag-news", include_str!("../../recipes/ag-news.toml")),
    ("chinese-headlines", include_str!("../../recipes/chinese-headlines.toml")),
    ("csv", include_str!("../../recipes/csv.toml")),
    ("reuters-r8", include_str!("../../recipes/reuters-r8.toml")),
];

/// The text of a built-in recipe.
pub fn find(name: &str) -> Option<&'static str> {
    LIST.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// No such recipe, and which may have been meant.
pub fn unknown(name: &str) -> Unknown {
    let names = || LIST.iter().map(|(known, _)| *known);
    let hint = match suggest::nearest(name, names()) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("give a path to a .toml file, or one of: {}", names().collect::<Vec<_>>().join(", ")),
    };
    Unknown { kind: "recipe", name: name.chars().take(80).collect(), hint }
}
